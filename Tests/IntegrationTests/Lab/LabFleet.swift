import Foundation
import Glibc
import Lab
import TestSupport
import Testing

/// A lab of two hosts, and a fleet directory for it.
actor LabFleet {
    @TaskLocal static var current: LabFleet?

    nonisolated let lab: Lab
    /// Everything that the tests write lies below.
    nonisolated let folder: String
    nonisolated let drover: Drover
    nonisolated let hosts = ["hv1", "hv2"]
    private var stages: [String: Result<any Sendable, any Error>] = [:]

    /// The suite's own.
    static func shared(at location: SourceLocation = #_sourceLocation) throws -> LabFleet {
        try #require(current, "this test needs the suite's lab", sourceLocation: location)
    }

    /// Brings the lab up.
    static func up(name: String, backports: Bool = false) async throws -> LabFleet {
        let lab = try Lab(name: name)
        try await lab.up(hosts: 2, backports: backports)
        do {
            return try LabFleet(lab: lab, prefix: lab.networkPrefix())
        } catch {
            try await lab.down()
            throw error
        }
    }

    private init(lab: Lab, prefix: [String]) throws {
        self.lab = lab
        folder = NSTemporaryDirectory() + lab.name
        try FileManager.default.createDirectory(atPath: folder + "/home", withIntermediateDirectories: true)
        drover = Drover(prefix: prefix, fleet: folder + "/fleet", home: folder + "/home")
    }

    func down() async throws {
        try? FileManager.default.removeItem(atPath: folder)
        try await lab.down()
    }

    /// What a step that is taken once gave, also to the tests that come later.
    func stage<Evidence: Sendable>(
        _ name: String, _ take: @Sendable (LabFleet) async throws -> Evidence
    ) async throws -> Evidence {
        if let taken = stages[name] {
            guard let evidence = try taken.get() as? Evidence else { throw CancellationError() }
            return evidence
        }
        do {
            let evidence = try await take(self)
            stages[name] = .success(evidence)
            return evidence
        } catch {
            stages[name] = .failure(error)
            throw error
        }
    }

    /// Runs a line by sh on a host, past its network and past Drover.
    nonisolated func on(_ host: String, _ line: String) async throws -> Ended {
        try await Ended.run(try lab.shellCommand(host, [line]))
    }

    /// What a line prints on a host where it has to succeed.
    nonisolated func told(
        _ host: String, _ line: String, at location: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let ended = try await on(host, line)
        try #require(ended.succeeded, "\(host): \(line): \(ended.words)", sourceLocation: location)
        return ended.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs a program on the controller, in the lab's network.
    nonisolated func controller(_ words: String...) async throws -> Ended {
        try await Ended.run(drover.prefix + words)
    }

    /// Writes a file below the suite's folder.
    /// - Returns: its path.
    @discardableResult
    nonisolated func write(_ name: String, _ text: String) throws -> String {
        let path = folder + "/" + name
        let parent = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
