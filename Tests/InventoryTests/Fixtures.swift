import Foundation
import Inventory
import TestSupport
import Testing
import Values

/// Data files of these tests.
enum Fixtures {
    static let folder = Checkout.root + "/Tests/InventoryTests/Fixtures"

    static func source(_ path: String) throws -> SourceText {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return SourceText(name: name, text: try String(contentsOfFile: folder + "/" + path, encoding: .utf8))
    }

    static func names(_ path: String, ending: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + path)) ?? []
        return files.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
    }

    /// The rows of a JSON file.
    static func table(_ path: String) -> [[Value]] {
        guard let rows = try? JSON.read(source(path)).list else { return [] }
        return rows.compactMap(\.list)
    }

    /// Compares with a file; `RECORD_FIXTURES=1` writes it instead, to be read before it is committed.
    static func expect(_ found: String, _ path: String, at place: SourceLocation = #_sourceLocation) throws {
        if ProcessInfo.processInfo.environment["RECORD_FIXTURES"] != nil {
            try found.write(toFile: folder + "/" + path, atomically: true, encoding: .utf8)
        }
        #expect(try found == source(path).text, sourceLocation: place)
    }

    static func fleet() throws -> Inventory {
        try Inventory.load([source("fleet/hosts.yaml"), source("fleet/vms.yaml")])
    }
}
