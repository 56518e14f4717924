import Foundation
import Inventory
import PKI
import Values

@testable import Fleet

/// A fleet directory with an authority, removed when the test is over.
struct AuthorityScratch {
    let directory: FleetDirectory
    let authority: Authority

    static func with(_ body: (AuthorityScratch) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("fleet-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let directory = FleetDirectory(root: path)
        let made = try await AuthorityCreation(directory).create(
            fleetName: "test", algorithm: .ecP256, days: 3650, overwrite: false)
        try await body(AuthorityScratch(directory: directory, authority: made.authority))
    }

    static func inventory(_ text: String) throws -> Inventory {
        try Inventory.load([SourceText(name: "hosts.yaml", text: text)])
    }

    static let threeHosts = """
        groups:
          hypervisors:
            hosts:
              hv[1-3]: {address: "10.0.0.[1-3]"}
            roles: [hypervisor]
        """
}

extension KeySurvey {
    /// What a host reports that has these files, each with a proper mode.
    static func having(_ files: [(place: String, sha256: String)], modes: [String: String] = [:]) throws -> KeySurvey {
        let lines = files.map { file in
            let proper = file.place.hasSuffix("key") ? "600" : "644"
            return "\(file.place) \(file.sha256) \(modes[file.place] ?? proper)\n"
        }
        guard let survey = KeySurvey(Array((lines.joined() + "vnc 0\n@certificate\n\n@end\n").utf8)) else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return survey
    }
}
