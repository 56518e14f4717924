import Foundation
import Glibc
import Lab
import Testing

/// Puts a lab of two hosts around a suite: up before its first test, down after its last.
struct OnOneLab: SuiteTrait, TestScoping {
    private static let prefix = "ci-"

    /// With QEMU of the release's backports.
    var backports = false

    /// Whether this machine can have a lab, or has to (`DROVER_REQUIRE_LAB=1`: then what is missing is a failure).
    static let isPossible: Bool = {
        if ProcessInfo.processInfo.environment["DROVER_REQUIRE_LAB"] == "1" { return true }
        return geteuid() == 0 && Drover.programs.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Self.sweep()
        let fleet = try await LabFleet.up(name: "\(Self.prefix)\(getpid())", backports: backports)
        do {
            try await LabFleet.$current.withValue(fleet) { try await function() }
        } catch {
            try await fleet.down()
            throw error
        }
        try await fleet.down()
    }

    /// Takes down what test runs left that were killed.
    private static func sweep() async throws {
        for name in Lab.all() where name.hasPrefix(prefix) {
            guard let owner = pid_t(name.dropFirst(prefix.count)), kill(owner, 0) != 0, errno == ESRCH else { continue }
            try await Lab(name: name).down()
            try? FileManager.default.removeItem(atPath: NSTemporaryDirectory() + name)
        }
    }
}

extension Drover {
    /// What a lab is made of at the least; `lab up` itself names all that is missing.
    fileprivate static let programs = ["/usr/bin/systemd-nspawn", "/usr/bin/mmdebstrap", "/usr/sbin/dnsmasq"]
}

extension Trait where Self == OnOneLab {
    static var onOneLab: Self { OnOneLab() }

    /// QEMU before 9.0 loses memory of guests that it emulates when they migrate: docs/migration-defects.md.
    static var onOneLabOfBackports: Self { OnOneLab(backports: true) }
}
