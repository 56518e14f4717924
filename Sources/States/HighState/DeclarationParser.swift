import Values

/// Reads the tree that an SLS rendered to as declarations, and collects every mistake in it.
struct DeclarationParser {
    let sls: String
    let catalog: any StateCatalog
    private(set) var problems: [Diagnostic] = []

    init(sls: String, catalog: any StateCatalog) {
        self.sls = sls
        self.catalog = catalog
    }

    mutating func parse(_ tree: Value) -> SLSFile {
        var file = SLSFile()
        if tree.isNull { return file }
        guard let map = tree.map else {
            report("SLS \"\(sls)\" is not a mapping", found: tree, expected: "IDs with their states", at: tree.mark)
            return file
        }
        for (key, value) in map {
            guard let id = key.string else {
                problems.append(
                    .error(
                        "ID in SLS \"\(sls)\" is not text", detail: "found \(key.kindName)",
                        hint: "quote it: \"\(key.scalarText ?? "name")\"", mark: key.mark))
                continue
            }
            switch id {
            case "include": file.includes = list(value, what: "include", at: key.mark)
            case "extend": file.extensions += extensions(value, at: key.mark)
            case "exclude": file.exclusions += list(value, what: "exclude", at: key.mark).compactMap { exclusion($0) }
            default:
                if id.hasPrefix("__") { continue }
                if let declaration = declaration(id, value, at: key.mark) { file.declarations.append(declaration) }
            }
        }
        return file
    }

    // MARK: IDs

    private mutating func declaration(_ id: String, _ value: Value, at mark: Mark?) -> IDDeclaration? {
        var result = IDDeclaration(id: id, sls: sls, states: [], mark: mark)
        switch value.kind {
        case .map(let body): result.states = states(in: body, id: id, functionNeeded: true)
        case .string(let short):
            guard let (state, function) = Self.split(short) else {
                problems.append(
                    .error(
                        "ID \"\(id)\" has the text \"\(short)\" where its state should be",
                        hint: "write \"\(id): module.function\"", mark: value.mark ?? mark))
                return nil
            }
            result.states = [
                StateDeclaration(
                    state: catalog.alias(state), function: function, arguments: [], mark: value.mark ?? mark)
            ]
        default:
            report("ID \"\(id)\" has no states", found: value, expected: "a mapping of states", at: mark)
            return nil
        }
        return result
    }

    private mutating func states(in body: Mapping, id: String, functionNeeded: Bool) -> [StateDeclaration] {
        var result: [StateDeclaration] = []
        for (key, value) in body {
            guard let written = key.string else {
                report("state under ID \"\(id)\" is not text", found: key, expected: "module.function", at: key.mark)
                continue
            }
            if written.hasPrefix("_") { continue }
            let (module, named) = Self.split(written) ?? (written, nil)
            let state = catalog.alias(module)
            if let first = result.first(where: { $0.state == state }) {
                problems.append(
                    .error(
                        "ID \"\(id)\" has two states of the module \"\(state)\"",
                        detail: first.mark.map { "the first is at \($0)" },
                        hint: "give the second an ID of its own, with \"name\"", mark: key.mark))
                continue
            }
            guard let (functions, arguments) = arguments(value, of: written, id: id, at: key.mark) else { continue }
            let candidates = (named.map { [($0, key.mark)] } ?? []) + functions
            guard let function = function(candidates, of: state, id: id, needed: functionNeeded, at: key.mark) else {
                continue
            }
            result.append(
                StateDeclaration(state: state, function: function.name, arguments: arguments, mark: key.mark))
        }
        return result
    }

    /// The one function among those written; an inner nil name where none is needed, nil after a mistake.
    private mutating func function(
        _ candidates: [(String, Mark?)], of state: String, id: String, needed: Bool, at mark: Mark?
    ) -> (name: String?, mark: Mark?)? {
        guard candidates.count <= 1 else {
            problems.append(
                .error(
                    "state \"\(state)\" under ID \"\(id)\" has \(candidates.count) functions",
                    detail: "found " + candidates.map { "\"\($0.0)\"" }.joined(separator: ", "),
                    hint: "keep one, or add \":\" to what should be an argument", mark: candidates[1].1 ?? mark))
            return nil
        }
        guard let (name, place) = candidates.first else {
            if !needed { return (nil, mark) }
            problems.append(
                .error(
                    "state \"\(state)\" under ID \"\(id)\" names no function",
                    hint: "write \"\(state).\(catalog.functions(of: state).first ?? "function")\"", mark: mark))
            return nil
        }
        guard !name.contains(where: \.isWhitespace) else {
            problems.append(
                .error(
                    "\"\(name)\" under ID \"\(id)\" is no function: it has a space",
                    hint: "an argument needs \":\" behind its name", mark: place))
            return nil
        }
        return (name, place)
    }

    // MARK: arguments

    /// Bare words (functions) and arguments of one state; a list as in Salt, or a mapping.
    private mutating func arguments(
        _ value: Value, of state: String, id: String, at mark: Mark?
    ) -> (functions: [(String, Mark?)], arguments: [Argument])? {
        var functions: [(String, Mark?)] = []
        var result: [Argument] = []
        switch value.kind {
        case .null: break
        case .map(let map): add(map, to: &result, of: state)
        case .list(let items):
            for item in items {
                switch item.kind {
                case .string(let word): functions.append((word, item.mark))
                case .map(let map): add(map, to: &result, of: state)
                default:
                    report(
                        "argument of \"\(state)\" under ID \"\(id)\" has no name", found: item,
                        expected: "\"name: value\"", at: item.mark ?? mark)
                }
            }
        case .string(let word):
            problems.append(
                .error(
                    "state \"\(state)\" under ID \"\(id)\" has the text \"\(word)\" where its arguments should be",
                    hint: state.contains(".") ? "write a list: \"- name: \(word)\"" : "write \"\(state).\(word)\"",
                    mark: value.mark ?? mark))
            return nil
        default:
            report(
                "arguments of \"\(state)\" under ID \"\(id)\" are not a list", found: value,
                expected: "a list of \"- name: value\"", at: value.mark ?? mark)
            return nil
        }
        return (functions, result)
    }

    private mutating func add(_ map: Mapping, to arguments: inout [Argument], of state: String) {
        for (key, value) in map {
            guard let name = key.string else {
                report("argument of \"\(state)\" is not text", found: key, expected: "its name", at: key.mark)
                continue
            }
            // A requisite that stands twice means both; of any other argument the later one stands.
            if let index = arguments.firstIndex(where: { $0.key == name }) {
                if Keywords.isRequisite(name), let first = arguments[index].value.list, let more = value.list {
                    arguments[index].value = Value(first + more, at: arguments[index].value.mark)
                } else {
                    arguments[index] = Argument(key: name, value: value, mark: key.mark)
                }
            } else {
                arguments.append(Argument(key: name, value: value, mark: key.mark))
            }
        }
    }

    // MARK: extend, exclude

    private mutating func extensions(_ value: Value, at mark: Mark?) -> [IDDeclaration] {
        guard let map = value.map else {
            report("\"extend\" in SLS \"\(sls)\" is not a mapping", found: value, expected: "IDs", at: mark)
            return []
        }
        var result: [IDDeclaration] = []
        for (key, value) in map {
            guard let id = key.string, let body = value.map else {
                report("extension in SLS \"\(sls)\" is not a mapping", found: value, expected: "states", at: key.mark)
                continue
            }
            let states = states(in: body, id: id, functionNeeded: false)
            result.append(IDDeclaration(id: id, sls: sls, states: states, mark: key.mark))
        }
        return result
    }

    private mutating func exclusion(_ value: Value) -> Exclusion? {
        if let name = value.string { return Exclusion(subject: .sls(name), mark: value.mark) }
        if let map = value.map, map.count == 1 {
            if let sls = map["sls"]?.string { return Exclusion(subject: .sls(sls), mark: value.mark) }
            if let id = map["id"]?.string { return Exclusion(subject: .id(id), mark: value.mark) }
        }
        report(
            "\"exclude\" entry is not understood", found: value, expected: "\"sls: name\" or \"id: name\"",
            at: value.mark)
        return nil
    }

    private mutating func list(_ value: Value, what: String, at mark: Mark?) -> [Value] {
        if value.isNull { return [] }
        if let items = value.list { return items }
        report("\"\(what)\" in SLS \"\(sls)\" is not a list", found: value, expected: "a list", at: value.mark ?? mark)
        return []
    }

    // MARK: words

    /// `pkg.installed` as module and function; nil without a dot that parts two words.
    static func split(_ text: String) -> (String, String?)? {
        guard let dot = text.firstIndex(of: "."), dot != text.startIndex else { return nil }
        let function = text[text.index(after: dot)...]
        return function.isEmpty ? nil : (String(text[..<dot]), String(function))
    }

    private mutating func report(_ summary: String, found: Value, expected: String, at mark: Mark?) {
        problems.append(
            .error(summary, detail: "found \(found.kindName), expected \(expected)", mark: found.mark ?? mark))
    }
}
