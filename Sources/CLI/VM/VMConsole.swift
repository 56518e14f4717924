internal import ArgumentParser
internal import Fleet
internal import Values

struct VMConsole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Sit at a VM's serial console",
        discussion: """
            It goes over the hypervisor's TLS connection, byte for byte, and follows the VM when it moves to another host. On a
            terminal, ^] leaves it. Elsewhere standard input is typed in as it is, and its end does not end the console:
            the guest's end does, or --until, or --for.

            What the guest prints goes to the terminal unfiltered, control sequences included: that is what a console is. Send the
            output of guests that you do not trust to a file.

            EXAMPLES
              drover vm console web1
              drover vm console web1 --until 'login: ' --for 120 > boot.log
              printf 'root\\n' | drover vm console web1 --for 5
            """)
    @Argument(help: "VM") var name: String
    @Flag(help: "Take the console away from whoever has it") var force = false
    @Option(help: "Key that leaves it, such as ^] or ^A; none for no key") var escape: EscapeKey = .usual
    @Option(help: "End once the guest has printed this; a failure when it never does") var until: String?
    @Option(name: .customLong("for"), help: "Seconds after which to end") var seconds: Int?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let seconds, seconds < 1 { throw ValidationError("--for must be 1 second or more") }
        if until == "" { throw ValidationError("--until needs a text") }
    }

    func run() async throws {
        let context = try common.context()
        let isTerminal = Terminal.isInputTerminal
        let console = MachineConsole(context, driver: try common.hypervisors(context)) { [escape] words in
            // A raw terminal does not return the carriage by itself.
            let way = isTerminal ? escape.byte.map { _ in "; \(escape.text) leaves it" } ?? "" : ""
            Terminal.note("\(words)\(words.hasPrefix("connected") ? way : "")\(isTerminal ? "\r" : "")")
            if isTerminal { _ = RawTerminal.enter() }
        }
        defer { RawTerminal.leave() }
        let ending = try await console.open(
            name, force: force,
            sitting: {
                ConsoleSession($0, escape: isTerminal ? escape.byte : nil, until: until, seconds: seconds)
            }, input: StandardStreams.read, output: StandardStreams.write)
        RawTerminal.leave()
        try tell(ending, isTerminal)
    }

    private func tell(_ ending: MachineConsole.Ending, _ isTerminal: Bool) throws {
        let start = isTerminal ? "\n" : ""
        func fail(_ what: String, hint: String) -> CommandFailure {
            if isTerminal { Terminal.note("") }
            return CommandFailure(.error, [.error(what, hint: hint)])
        }
        switch ending {
        case .left: if isTerminal { Terminal.note("\(start)left the console of \(name)") }
        case .seen: break
        case .timeUp:
            guard let until else { return }
            throw fail(
                "\"\(name)\" has not printed \"\(Printable.line(until))\" within \(seconds ?? 0) s",
                hint: "wait longer with --for")
        case .off(let state):
            guard until == nil else {
                throw fail(
                    "\"\(name)\" is \(state), and has not printed what was waited for",
                    hint: "`drover vm start \(name)` starts it")
            }
            Terminal.note("\(start)\(name) is \(state)")
        case .taken:
            throw fail("another client has taken the console of \"\(name)\"", hint: "--force takes it back")
        }
    }
}

/// A control key on the command line.
struct EscapeKey: ExpressibleByArgument {
    /// Nil for no key at all.
    let byte: UInt8?
    let text: String

    static let usual = EscapeKey(byte: 0x1D, text: "^]")

    private init(byte: UInt8?, text: String) {
        self.byte = byte
        self.text = text
    }

    init?(argument: String) {
        if argument == "none" {
            self.init(byte: nil, text: argument)
            return
        }
        let bytes = Array(argument.uppercased().utf8)
        guard bytes.count == 2, bytes[0] == UInt8(ascii: "^"), (0x40...0x5F).contains(bytes[1]) else { return nil }
        self.init(byte: bytes[1] & 0x1F, text: argument.uppercased())
    }

    var defaultValueDescription: String { text }
}
