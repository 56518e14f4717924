import Foundation
import TestSupport
import Testing
import Values

/// Data files of these tests.
enum Fixtures {
    static let folder = Checkout.root + "/Tests/ValuesTests/Fixtures"

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
    }

    /// Names without extension of the files in a folder.
    static func names(_ path: String, ending: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + path)) ?? []
        return files.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
    }

    /// Compares with a file; `RECORD_FIXTURES=1` writes it instead, to be read before it is committed.
    static func expect(_ found: String, _ path: String, at place: SourceLocation = #_sourceLocation) throws {
        if ProcessInfo.processInfo.environment["RECORD_FIXTURES"] != nil {
            try found.write(toFile: folder + "/" + path, atomically: true, encoding: .utf8)
        }
        #expect(try found == text(path), sourceLocation: place)
    }

    /// A table of cases: a JSON file holding a list of rows.
    static func table(_ path: String) -> [[Value]] {
        guard let text = try? text(path), let rows = try? JSON.read(SourceText(name: path, text: text)).list else { return [] }
        return rows.compactMap(\.list)
    }
}

@Suite struct FixtureTests {
    @Test func fixturesAreThere() {
        #expect(Fixtures.table("scalars.json").count > 90)
        #expect(Fixtures.table("sizes.json").count > 20)
        #expect(Fixtures.table("names.json").count > 10)
        #expect(Fixtures.table("json-good.json").count > 20)
        #expect(Fixtures.table("json-bad.json").count > 25)
        #expect(Fixtures.names("yaml", ending: ".yaml").count >= 4)
        #expect(Fixtures.names("problems", ending: ".yaml").count >= 15)
    }
}
