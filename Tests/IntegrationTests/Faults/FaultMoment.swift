import Foundation
import Glibc
import Testing

/// Finds the moment of a migration at which something is to go wrong: by what the hosts say, never by a clock.
struct FaultMoment: Sendable {
    let guest: FaultGuest
    let source: String
    let target: String
    private var fleet: LabFleet { guest.fleet }
    private var name: String { guest.name }

    /// Waits for it. The migration is slow until then.
    /// - Returns: false when the command was over before.
    func come(_ phase: Phase, of command: pid_t) async throws -> Bool {
        switch phase {
        case .start:
            return try await until(command) { try await hasBegun() }
        case .copying:
            return try await until(command) { try await isCopied(quarter: 1) }
        case .switchover:
            guard try await until(command, { try await isCopied(quarter: 1) }) else { return false }
            // The first event of the source's is that its guest is stopped.
            let line = """
                timeout 90 virsh -q event --domain \(name) --event lifecycle --timeout 80 >/dev/null 2>&1 &
                sleep 0.3; virsh -q migrate-setspeed \(name) 1000; wait
                """
            _ = try await fleet.on(source, line)
            return true
        case .after:
            guard try await until(command, { try await isCopied(quarter: 1) }) else { return false }
            await hurry()
            return try await until(command) { try await state(on: target) == "running" }
        }
    }

    /// Lets the migration go as fast as it can.
    func hurry() async {
        _ = try? await fleet.on(source, "timeout 10 virsh -q migrate-setspeed \(name) 1000")
    }

    private func until(_ command: pid_t, _ look: () async throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < end {
            if try await look() { return true }
            // Once more: it may have come and gone.
            if Self.isOver(command) { return try await look() }
            try await Task.sleep(for: .milliseconds(30))
        }
        return false
    }

    private func state(on host: String) async throws -> String {
        try await fleet.on(host, "virsh -q domstate \(name) 2>/dev/null").output
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func hasBegun() async throws -> Bool {
        let job = try await fleet.on(source, "virsh -q domjobinfo \(name) 2>/dev/null").output
        if job.contains("Unbounded") { return true }
        return try await !state(on: target).isEmpty
    }

    private func isCopied(quarter part: Double) async throws -> Bool {
        let job = try await fleet.on(source, "virsh -q domjobinfo \(name) --rawstats 2>/dev/null").output
        var figures: [Substring: Double] = [:]
        for line in job.split(separator: "\n") {
            let words = line.split(separator: ":")
            guard words.count == 2 else { continue }
            figures[words[0]] = Double(words[1].trimmingCharacters(in: .whitespaces))
        }
        guard let total = figures["memory_total"], let left = figures["memory_remaining"] else { return false }
        return left < total * (1 - part / 4)
    }

    /// Whether a process has ended, though it may wait to be asked how.
    static func isOver(_ process: pid_t) -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return status?.contains(") Z ") ?? true
    }
}
