import Subprocess

/// A program of the machine, run to its end.
enum Tool {
    /// How a program ended, and what it said.
    struct Outcome: Sendable {
        var succeeded: Bool
        var output: String
        var problem: String
    }

    /// Where programs are looked for: root's directories too, which `su` leaves out.
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Runs a program and returns its standard output; throws when it fails, with the end of what it complained.
    @discardableResult
    static func run(_ words: [String], input: String = "") async throws(LabError) -> String {
        let outcome = try await attempt(words, input: input)
        guard outcome.succeeded else {
            throw LabError(.tool, "\"\(words.prefix(4).joined(separator: " "))\" failed", detail: outcome.problem)
        }
        return outcome.output
    }

    /// Runs a program; its failure is an outcome like any other. Throws only if it cannot be started.
    static func attempt(_ words: [String], input: String = "") async throws(LabError) -> Outcome {
        guard let program = words.first else { throw LabError(.invalid, "no program named") }
        do {
            let result = try await Subprocess.run(
                .name(program), arguments: Arguments(Array(words.dropFirst())),
                environment: .inherit.updating(["PATH": path, "LC_ALL": "C.UTF-8"]),
                input: .string(input), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
            return Outcome(
                succeeded: result.terminationStatus.isSuccess, output: result.standardOutput,
                problem: tail(result.standardError))
        } catch is CancellationError {
            throw LabError(.cancelled, "cancelled")
        } catch {
            throw LabError(.tool, "\"\(program)\" could not be run", detail: "\(error)")
        }
    }

    /// The last lines of a text, enough to see what went wrong.
    static func tail(_ text: String, lines: Int = 20) -> String {
        text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}
