import Foundation
import Glibc
import Subprocess
import Testing

/// What a program printed and how it ended.
struct Ended: Sendable {
    var output: String
    /// What it said on standard error.
    var problem: String
    /// Its exit code; 128 and the signal's number when one killed it, as shells count.
    var code: Int32

    var succeeded: Bool { code == 0 }

    /// Both streams, for the message of a failed expectation.
    var words: Comment { "exit code \(code)\n\(output)\n\(problem)" }

    /// Runs a program to its end.
    /// - Parameter meanwhile: is given its process number once it runs.
    static func run(
        _ words: [String], environment: [String: String?] = [:],
        meanwhile: @escaping @Sendable (pid_t) async throws -> Void = { _ in }
    ) async throws -> Ended {
        var updates: [Environment.Key: String?] = ["LC_ALL": "C.UTF-8", "NO_COLOR": "1"]
        for (name, value) in environment { updates[Environment.Key(stringLiteral: name)] = .some(value) }
        let result = try await Subprocess.run(
            .name(words[0]), arguments: Arguments(Array(words.dropFirst())),
            environment: .inherit.updating(updates), input: .none, output: .string(limit: 4 << 20),
            error: .string(limit: 4 << 20)
        ) { execution in try await meanwhile(execution.processIdentifier.value) }
        let code =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let number): 128 + number
            }
        return Ended(output: result.standardOutput, problem: result.standardError, code: code)
    }
}

/// Looks again and again until something is there.
/// - Parameter seconds: far more than it can take: running out of them is a failure, not a measurement.
func eventually<Answer>(
    within seconds: Double = 60, every pause: Double = 0.2, _ what: Comment,
    at location: SourceLocation = #_sourceLocation,
    _ look: () async throws -> Answer?
) async throws -> Answer {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if let answer = try await look() { return answer }
        try await Task.sleep(for: .seconds(pause))
    }
    return try #require(try await look(), what, sourceLocation: location)
}
