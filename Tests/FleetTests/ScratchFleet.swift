import Foundation
import Testing

@testable import Fleet

/// A fleet directory of one local host in a temporary folder, removed at the end.
struct ScratchFleet {
    let root: String
    let directory: FleetDirectory

    static func with(_ body: (ScratchFleet) async throws -> Void) async throws {
        let root = NSTemporaryDirectory() + "drover fleet \(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        try await body(ScratchFleet(root: root, directory: FleetDirectory(root: root)))
    }

    func write(_ text: String, to path: String) throws {
        let full = root + "/" + path
        let folder = (full as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: full, atomically: true, encoding: .utf8)
    }

    func text(_ path: String) throws -> String { try String(contentsOfFile: root + "/" + path, encoding: .utf8) }

    /// The context of a fleet whose hosts are this machine.
    func context() throws -> FleetContext {
        FleetContext(
            directory: directory, inventory: try directory.loadInventory(), connector: LocalConnector(), parallel: 4,
            lockPlaces: LockPlaces(locks: root + "/host/locks", records: root + "/host/records"))
    }
}
