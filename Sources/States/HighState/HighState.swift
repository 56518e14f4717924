import Values

/// Everything that the SLS files of one host declare, after includes.
struct HighState: Sendable {
    /// In the order in which Salt's compiler walks them: a file's own IDs, then those that it includes.
    var declarations: [IDDeclaration] = []
    var extensions: [IDDeclaration] = []
    var exclusions: [Exclusion] = []
    /// Every SLS that was rendered, with all that it includes, at any depth.
    var included: [String: Set<String>] = [:]
    /// The IDs that `exclude` took out, with the place that did.
    private(set) var excluded: [String: Mark?] = [:]

    /// Adds another's declarations; two SLS files that declare one ID are a mistake in both.
    mutating func merge(_ other: HighState, problems: inout [Diagnostic]) {
        let known = Dictionary(declarations.map { ($0.id, $0) }) { first, _ in first }
        for declaration in other.declarations {
            guard let first = known[declaration.id] else {
                declarations.append(declaration)
                continue
            }
            problems.append(
                .error(
                    "conflicting IDs: \"\(declaration.id)\" is declared in SLS \"\(first.sls)\" and \"\(declaration.sls)\"",
                    detail: first.mark.map { "the other one is at \($0)" },
                    hint: "rename one and give it \"name: \(declaration.id)\"", mark: declaration.mark))
        }
        extensions += other.extensions
        exclusions += other.exclusions
        included.merge(other.included) { $0.union($1) }
    }

    // MARK: extend

    /// Lays the extensions over the states that they extend.
    mutating func applyExtensions(problems: inout [Diagnostic]) {
        let excludedFiles = exclusions.compactMap { if case .sls(let pattern) = $0.subject { pattern } else { nil } }
        for change in extensions where !excludedFiles.contains(change.sls) {
            for state in change.states {
                guard let index = target(of: change.id, state: state.state) else {
                    problems.append(missing(change, state))
                    continue
                }
                extend(index, with: state, problems: &problems)
            }
        }
        extensions = []
    }

    /// The declaration with this ID, or the only one whose state has this name.
    private func target(of id: String, state: String) -> Int? {
        if let index = declarations.firstIndex(where: { $0.id == id }) { return index }
        let named = declarations.indices.filter { index in
            declarations[index].states.contains { declared in
                declared.state == state
                    && declared.arguments.contains { $0.key == "name" && $0.value.string == id }
            }
        }
        return named.count == 1 ? named[0] : nil
    }

    private func missing(_ change: IDDeclaration, _ state: StateDeclaration) -> Diagnostic {
        let near = NearestName.of(change.id, among: declarations.map(\.id))
        return .error(
            "\"extend\" in SLS \"\(change.sls)\" names the ID \"\(change.id)\", which no SLS declares",
            hint: near.map { "did you mean \"\($0)\"?" } ?? "include the SLS that declares it",
            mark: change.mark)
    }

    private mutating func extend(_ index: Int, with change: StateDeclaration, problems: inout [Diagnostic]) {
        guard let place = declarations[index].states.firstIndex(where: { $0.state == change.state }) else {
            guard change.function != nil else {
                problems.append(
                    .error(
                        "\"extend\" adds a state \"\(change.state)\" to ID \"\(declarations[index].id)\" without a function",
                        hint: "write \"\(change.state).function\"", mark: change.mark))
                return
            }
            declarations[index].states.append(change)
            return
        }
        if let function = change.function { declarations[index].states[place].function = function }
        for argument in change.arguments { declarations[index].states[place].lay(argument) }
    }

    // MARK: exclude

    /// Takes out what `exclude` names.
    mutating func applyExclusions() {
        for exclusion in exclusions {
            let leaves: (IDDeclaration) -> Bool
            switch exclusion.subject {
            case .id(let id): leaves = { $0.id == id }
            case .sls(let pattern):
                let wildcard = Wildcard(pattern)
                leaves = { wildcard.matches($0.sls) }
            }
            for declaration in declarations where leaves(declaration) { excluded[declaration.id] = exclusion.mark }
        }
        declarations.removeAll { excluded.keys.contains($0.id) }
        exclusions = []
    }
}

extension StateDeclaration {
    /// Lays an extension's argument over this state: requisites add up, all else is replaced.
    fileprivate mutating func lay(_ argument: Argument) {
        if argument.key == "name" { arguments.removeAll { $0.key == "names" } }
        guard let index = arguments.firstIndex(where: { $0.key == argument.key }) else {
            arguments.append(argument)
            return
        }
        if Keywords.isRequisite(argument.key), let mine = arguments[index].value.list, let more = argument.value.list {
            arguments[index].value = Value(mine + more, at: arguments[index].value.mark)
        } else {
            arguments[index] = argument
        }
    }
}
