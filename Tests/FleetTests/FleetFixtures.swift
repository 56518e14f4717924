import Foundation
import TestSupport
import Values

/// Tables of cases under Fixtures.
enum FleetFixtures {
    /// The entries of a YAML list.
    static func cases(_ file: String) -> [Value] {
        let path = Checkout.root + "/Tests/FleetTests/Fixtures/" + file
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let list = try? YAML.read(SourceText(name: file, text: text)).list
        else { return [["case": Value("\(file) cannot be read"), "issue": "-"]] }
        return list
    }
}
