internal import Subprocess
internal import SystemPackage
internal import Values

/// A well-kept tool of this machine at work: its words never pass a shell, and what it prints is bounded.
struct ToolRun: Sendable {
    let tool: String
    let words: [String]
    /// Given to it on standard input: what must not be seen among a process's arguments.
    var input = ""
    /// The package that brings it, where it is not called like the tool.
    var package: String?

    private static let limit = 4 << 20

    /// How it ended and what it said.
    struct Outcome: Sendable {
        let code: Int
        let output: String
        let error: String

        /// What it said of its failure, without empty lines.
        var complaint: String {
            let said = error.split(separator: "\n").map(String.init)
            return said.isEmpty ? "it ended with \(code)" : said.joined(separator: "\n")
        }
    }

    /// Runs it to its end.
    /// - Throws: a diagnostic when it is not there; `CancellationError`.
    func run() async throws -> Outcome {
        let result: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
        do {
            result = try await Subprocess.run(
                Program.named(tool), arguments: Arguments(words), input: .string(input),
                output: .string(limit: Self.limit), error: .string(limit: Self.limit))
        } catch {
            try Task.checkCancellation()
            throw missing(error)
        }
        // Whoever interrupts this also ends the tool: that is no failure of its own.
        try Task.checkCancellation()
        return Outcome(
            code: Self.code(result.terminationStatus), output: result.standardOutput, error: result.standardError)
    }

    /// The same, with what it prints going to an open file.
    func run(into descriptor: Int32) async throws -> Outcome {
        let result: ExecutionResult<Void, FileDescriptorOutput, StringOutput<UTF8>>
        do {
            result = try await Subprocess.run(
                Program.named(tool), arguments: Arguments(words), input: .none,
                output: .fileDescriptor(FileDescriptor(rawValue: descriptor), closeAfterSpawningProcess: false),
                error: .string(limit: Self.limit))
        } catch {
            try Task.checkCancellation()
            throw missing(error)
        }
        try Task.checkCancellation()
        return Outcome(code: Self.code(result.terminationStatus), output: "", error: result.standardError)
    }

    /// Runs it, and takes a failure for a diagnostic.
    func orFail(_ doing: String, hint: String? = nil) async throws -> String {
        let outcome = try await run()
        guard outcome.code == 0 else {
            throw Diagnostic.error("cannot \(doing): \(tool) failed", detail: outcome.complaint, hint: hint)
        }
        return outcome.output
    }

    private func missing(_ error: any Error) -> Diagnostic {
        .error(
            "cannot run \(tool)", detail: "\(error)",
            hint: "install the package \(package ?? tool) on this machine")
    }

    private static func code(_ status: TerminationStatus) -> Int {
        switch status {
        case .exited(let code): Int(code)
        case .signaled(let signal): 128 + Int(signal)
        }
    }
}
