internal import ArgumentParser
internal import Glibc

/// The process: signals first, then the command in a task, and this thread waits for Ctrl-C.
///
/// The entry is synchronous because a signal mask set in an `async` main does not hold for the parked main thread.
@main
enum Main {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        Interrupts.block()
        var arguments = Array(CommandLine.arguments.dropFirst())
        arguments = GlobalOptionOrder.movedBehindCommand(arguments, root: Root.self)
        let words = arguments
        let work = Task.detached { () -> Int32 in await run(words) }
        leave(after: work)
        waitForInterrupts(of: work)
    }

    // Functions of their own, not inlined: Swift 6.3.1's optimizer crashes on two closures over one task in `main`.
    @inline(never) private static func leave(after work: Task<Int32, Never>) {
        Task.detached { leave(await work.value) }
    }

    @inline(never) private static func waitForInterrupts(of work: Task<Int32, Never>) {
        Interrupts.wait { count in
            if count == 1 {
                Terminal.note(Interrupts.words)
                work.cancel()
            } else if count > 2 || !Interrupts.handleSecond() {
                leave(130)
            }
        }
    }

    /// Without the exit handlers of libraries: OpenSSL's takes away what sessions that are still closing use.
    private static func leave(_ code: Int32) -> Never {
        RawTerminal.leave()
        fflush(nil)
        _exit(code)
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try Root.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            let code = ExitStatus.report(error)
            // What failed because it was interrupted is not called a failure; 5 and 6 say more than 130.
            let isFailure = [ExitStatus.error, .hostsFailed, .hostsUnreachable].contains { $0.rawValue == code }
            return Task.isCancelled && isFailure ? ExitStatus.interrupted.rawValue : code
        }
    }
}
