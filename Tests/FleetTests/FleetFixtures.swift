import Foundation
import TestSupport
import Testing
import Values

/// A line of a table of cases, named by its `case` in reports.
struct FixtureCase: Sendable, CustomTestStringConvertible {
    let line: Value

    var testDescription: String { line["case"]?.string ?? JSON.write(line, pretty: false) }
    subscript(_ key: String) -> Value? { line[key] }
}

/// Tables of cases under Fixtures.
enum FleetFixtures {
    /// The entries of a YAML list.
    static func cases(_ file: String) -> [FixtureCase] {
        let path = Checkout.root + "/Tests/FleetTests/Fixtures/" + file
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let list = try? YAML.read(SourceText(name: file, text: text)).list
        else { return [FixtureCase(line: ["case": Value("\(file) cannot be read"), "issue": "-"])] }
        return list.map { FixtureCase(line: $0) }
    }
}
