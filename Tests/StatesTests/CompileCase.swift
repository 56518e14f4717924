import States
import TestSupport
import Testing
import Values

/// One case of Fixtures/cases: SLS files with what they compile to, or with what is wrong with them.
struct CompileCase: Sendable, CustomTestStringConvertible {
    let file: String
    let body: Value

    var testDescription: String { "\(file): \(body["name"]?.string ?? "?")" }

    static let all: [CompileCase] = {
        do {
            return try Fixture.names(in: "cases").filter { $0.hasSuffix(".yaml") }.flatMap { file in
                try YAML.read(try Fixture.source("cases/\(file)")).list?.map { CompileCase(file: file, body: $0) } ?? []
            }
        } catch {
            return [CompileCase(file: "\(error)", body: Value(Mapping()))]
        }
    }()

    func texts(_ key: String) -> [String] { body[key]?.list?.compactMap(\.string) ?? [] }

    func compile() throws(Diagnostics) -> LowState {
        var files: [String: String] = [:]
        for (path, text) in body["files"]?.map ?? Mapping() { files[path.string ?? ""] = text.string }
        let catalog: CaseCatalog
        do { catalog = try CaseCatalog() } catch { throw Diagnostics(.error("no catalogue: \(error)")) }
        let input = RenderInput(
            hostName: "hv1", facts: body["facts"]?.map ?? Mapping(), vars: body["vars"]?.map ?? Mapping())
        return try StateCompiler.compile(
            sls: body["sls"] == nil ? ["a"] : texts("sls"), tree: CaseTree(files: files), catalog: catalog, input: input
        )
    }
}

extension LowChunk {
    /// How cases call a chunk: `pkg.installed vim`.
    var label: String { "\(state).\(function) \(name)" }
}
