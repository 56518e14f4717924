import Foundation
import Glibc
import TestSupport
import Testing

/// The built executable, run as its user would: on the lab's controller, in a fleet directory, in a home of its own.
struct Drover: Sendable {
    /// Words that lead into the lab's network.
    var prefix: [String] = []
    var executable = Drover.built
    var fleet: String
    var home: String

    /// Beside the program that runs the tests.
    static let built: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = (own as NSString).deletingLastPathComponent + "/drover"
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return Checkout.root + "/.build/debug/drover"
    }()

    /// Runs a command of Drover's.
    func callAsFunction(
        _ words: String..., meanwhile: @escaping @Sendable (pid_t) async throws -> Void = { _ in }
    ) async throws -> Ended {
        try await run(words, meanwhile: meanwhile)
    }

    func run(
        _ words: [String], meanwhile: @escaping @Sendable (pid_t) async throws -> Void = { _ in }
    ) async throws -> Ended {
        try await Ended.run(
            prefix + [executable, "-C", fleet] + words, environment: ["HOME": home, "SSH_AUTH_SOCK": nil],
            meanwhile: meanwhile)
    }

    /// A command that has to succeed.
    @discardableResult
    func must(_ words: String..., at location: SourceLocation = #_sourceLocation) async throws -> Ended {
        let ended = try await run(words)
        try #require(ended.succeeded, ended.words, sourceLocation: location)
        return ended
    }

    /// What a command answers in JSON, whatever its exit code.
    func json(_ words: String..., at location: SourceLocation = #_sourceLocation) async throws -> Tree {
        let ended = try await run(words + ["--format", "json"])
        do {
            return try Tree(ended.output)
        } catch {
            try #require(Bool(false), ended.words, sourceLocation: location)
            throw error
        }
    }

    /// The same program for another fleet directory.
    func working(in directory: String) -> Drover {
        var other = self
        other.fleet = directory
        return other
    }
}
