import Foundation
import States
import TestSupport
import Values

/// The catalogue of Fixtures/catalog.yaml.
struct CaseCatalog: StateCatalog {
    private let modules: Mapping

    init() throws {
        modules = try YAML.read(try Fixture.source("catalog.yaml")).map ?? Mapping()
    }

    var states: [String] { modules.keys.compactMap(\.string) }
    func functions(of state: String) -> [String] { modules[state]?.map?.keys.compactMap(\.string) ?? [] }
    func has(state: String, function: String) -> Bool { functions(of: state).contains(function) }
    func parameters(of state: String, function: String) -> [String]? {
        modules[state]?[function]?.list?.compactMap(\.string)
    }
    func alias(_ state: String) -> String { state == "libvirt" ? "virt" : state }
}

/// Files under Fixtures.
enum Fixture {
    static let folder = Checkout.root + "/Tests/StatesTests/Fixtures"

    static func source(_ path: String) throws -> SourceText {
        SourceText(name: path, text: try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8))
    }

    static func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(path)").sorted()
    }
}

/// Files that a case gives as text.
struct CaseTree: SourceTree {
    var files: [String: String]

    func read(_ path: String) throws -> SourceText? { files[path].map { SourceText(name: path, text: $0) } }
    func bytes(_ path: String) throws -> [UInt8]? { files[path].map { Array($0.utf8) } }
    func list(_ folder: String) -> [String] {
        files.keys.filter { folder.isEmpty || $0.hasPrefix(folder + "/") }.sorted()
    }
}
