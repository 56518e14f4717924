import Foundation
import TestSupport
import Testing

/// Files of this target's fixtures.
enum Fixture {
    static let folder = Checkout.root + "/Tests/HypervisorTests/Fixtures"

    static func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    /// The lines of a table, without comments; an empty field stays.
    static func lines(_ name: String) throws -> [String] {
        try text(name).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    /// Compares with a golden file, or writes it when RECORD is set in the environment.
    static func golden(_ name: String, _ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let path = "\(folder)/golden/\(name)"
        if ProcessInfo.processInfo.environment["RECORD"] != nil {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let wanted = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text == wanted, "differs from \(name)", sourceLocation: sourceLocation)
    }

    /// A new directory, removed by the caller.
    static func temporaryDirectory() throws -> String {
        let path = NSTemporaryDirectory() + "hypervisor-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
