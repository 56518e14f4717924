import Values

/// Renders SLS files and all that they include, each once, the included ones first, and merges what they declare.
struct HighStateLoader {
    private let tree: any SourceTree
    private let catalog: any StateCatalog
    private let renderer: SLSRenderer
    private(set) var problems: [Diagnostic] = []
    private var rendered: Set<String> = []
    /// States without an `order` get one by the order in which they are loaded.
    private var nextOrder = 10_000
    private let available: [String]

    init(tree: any SourceTree, catalog: any StateCatalog, renderer: SLSRenderer) {
        self.tree = tree
        self.catalog = catalog
        self.renderer = renderer
        available = tree.list("").compactMap { SLSName(path: $0)?.name }.sorted()
    }

    /// Loads SLS files (names or wildcards) in the order given.
    mutating func load(_ names: [String]) -> HighState {
        var result = HighState()
        for name in names.flatMap({ targets(of: $0) }) where !rendered.contains(name) {
            result.merge(load(name, askedFor: nil), problems: &problems)
        }
        return result
    }

    private mutating func load(_ name: String, askedFor mark: Mark?) -> HighState {
        rendered.insert(name)
        var result = HighState()
        result.included[name] = []
        do throws(Diagnostics) {
            guard let source = try renderer.source(of: SLSName(name)) else {
                problems.append(unknown(name, at: mark))
                return result
            }
            let value = try renderer.value(of: source)
            var parser = DeclarationParser(sls: name, catalog: catalog)
            var file = parser.parse(value)
            problems += parser.problems
            let nested = include(file.includes, from: source)
            number(&file.declarations)
            result.declarations = file.declarations
            result.extensions = file.extensions
            result.exclusions = file.exclusions
            for part in nested { result.merge(part, problems: &problems) }
            result.included[name] = Set(result.included.keys).subtracting([name])
        } catch {
            problems += error.all
        }
        return result
    }

    private mutating func include(_ entries: [Value], from source: SLSSource) -> [HighState] {
        var result: [HighState] = []
        for entry in entries {
            guard let name = includedName(entry, from: source) else { continue }
            for target in targets(of: name) {
                guard !rendered.contains(target) else {
                    // Already there, but still part of what this SLS brings.
                    var known = HighState()
                    known.included[target] = []
                    result.append(known)
                    continue
                }
                var part = load(target, askedFor: entry.mark)
                for index in part.declarations.indices {
                    part.declarations[index].includedFrom.append(source.name.name)
                }
                result.append(part)
            }
        }
        return result
    }

    private mutating func includedName(_ entry: Value, from source: SLSSource) -> String? {
        var written = entry.string
        // `base: name` is Salt's way to name the environment; there is only one.
        if let map = entry.map, map.count == 1 { written = map["base"]?.string }
        guard let written, !written.isEmpty else {
            problems.append(
                .error(
                    "\"include\" entry in SLS \"\(source.name.name)\" is not the name of an SLS",
                    detail: "found \(entry.kindName)", mark: entry.mark))
            return nil
        }
        guard let name = source.name.resolve(written, isFolder: source.isFolder) else {
            problems.append(
                .error("include \"\(written)\" leads beyond the top of the roles", mark: entry.mark))
            return nil
        }
        return name
    }

    private func targets(of name: String) -> [String] {
        guard Wildcard.isPattern(name) else { return [name] }
        let wildcard = Wildcard(name)
        let found = available.filter { wildcard.matches($0) }
        return found.isEmpty ? [name] : found
    }

    private mutating func number(_ declarations: inout [IDDeclaration]) {
        for index in declarations.indices {
            for place in declarations[index].states.indices
            where !declarations[index].states[place].arguments.contains(where: { $0.key == "order" }) {
                declarations[index].states[place].loadOrder = nextOrder
                nextOrder += 1
            }
        }
    }

    private func unknown(_ name: String, at mark: Mark?) -> Diagnostic {
        .error(
            "SLS \"\(name)\" was not found",
            detail: "looked for " + SLSName(name).paths.map { "\"\($0)\"" }.joined(separator: " and "),
            hint: NearestName.of(name, among: available).map { "did you mean \"\($0)\"?" }, mark: mark)
    }
}
