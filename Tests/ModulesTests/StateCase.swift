import Foundation
import TestSupport
import Testing
import Values

@testable import Modules
@testable import States

/// One case of a table in Fixtures: chunks, what is on the host before, and what must come of each run.
struct StateCase: Sendable, CustomTestStringConvertible {
    let name: String
    let table: Value

    var testDescription: String { name }

    /// All cases of all tables in a folder.
    static func all(_ folder: String) throws -> [StateCase] {
        let root = "\(Checkout.root)/Tests/ModulesTests/Fixtures/\(folder)"
        var cases: [StateCase] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: root).sorted() where file.hasSuffix(".yaml") {
            let text = try String(contentsOfFile: "\(root)/\(file)", encoding: .utf8)
            for entry in try YAML.read(SourceText(name: file, text: text)).list ?? [] {
                cases.append(StateCase(name: "\(file): \(entry["case"]?.string ?? "?")", table: entry))
            }
        }
        return cases
    }

    /// Shells that the case is for; all when it does not say.
    func applies(to shell: HostShell) -> Bool {
        guard let shells = table["shells"]?.list else { return true }
        return shells.contains(Value(shell.rawValue))
    }

    /// The chunks, in the order of execution; requisites name IDs.
    func low(root: String) -> LowState {
        let entries = (table["low"]?.list ?? []).map { Self.replaced($0, root) }
        let ids = entries.map { $0["id"]?.string ?? $0["name"]?.string ?? "" }
        let chunks = entries.enumerated().map { index, entry in
            let function = (entry["fun"]?.string ?? ".").split(separator: ".").map(String.init)
            var chunk = LowChunk(
                state: function[0], function: function[1], name: entry["name"]?.string ?? ids[index], id: ids[index],
                sls: "case", order: Double(10000 + index), arguments: Mapping(), runtime: Mapping(), requisites: [:],
                written: Mapping(), mark: entry.mark)
            for (key, value) in entry.map ?? Mapping() {
                guard let word = key.string, !["fun", "id", "name"].contains(word) else { continue }
                if let kind = RequisiteKind(rawValue: word) {
                    let targets = (value.list ?? []).compactMap { target in ids.firstIndex { $0 == target.string } }
                    chunk.requisites[kind] = [Reference(state: "id", name: "", chunks: targets, mark: value.mark)]
                    continue
                }
                if Keywords.runtime.contains(word) { chunk.runtime[key] = value }
                let known = Catalog.standard.parameters(of: function[0], function: function[1]) ?? []
                if known.contains(word) || !Keywords.runtime.contains(word) { chunk.arguments[key] = value }
            }
            return chunk
        }
        return LowState(chunks: chunks, warnings: [])
    }

    /// Texts with `{root}` turned into the scratch directory.
    static func replaced(_ value: Value, _ root: String) -> Value {
        switch value.kind {
        case .string(let text):
            return Value(.string(text.replacing("{root}", with: root)), at: value.mark, raw: value.raw)
        case .list(let items): return Value(items.map { replaced($0, root) }, at: value.mark)
        case .map(let map):
            var result = Mapping()
            for (key, entry) in map { result[replaced(key, root)] = replaced(entry, root) }
            return Value(result, at: value.mark)
        default: return value
        }
    }
}
