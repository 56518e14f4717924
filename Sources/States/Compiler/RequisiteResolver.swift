import Values

/// Turns reverse forms into direct ones, copies what `use` names, and finds the chunks that every reference means.
struct RequisiteResolver {
    private(set) var drafts: [ChunkDraft]
    private(set) var problems: [Diagnostic] = []
    private let index: ChunkIndex
    private let high: HighState
    private let catalog: any StateCatalog

    init(_ drafts: [ChunkDraft], high: HighState, catalog: any StateCatalog) {
        self.drafts = drafts
        self.high = high
        self.catalog = catalog
        index = ChunkIndex(drafts, high: high)
        copyUsed()
        turnReversed()
        resolve()
    }

    // MARK: use

    /// Copies arguments; what a state says itself stands, and neither name nor requisites are copied.
    private mutating func copyUsed() {
        let originals = drafts
        for (here, draft) in originals.enumerated() {
            if let argument = draft.argument(Keywords.use) {
                for (_, targets) in targets(of: argument, from: here) {
                    for target in targets where target != here { copy(originals[target], into: here) }
                }
            }
            if let argument = draft.argument(Keywords.useIn) {
                for (_, targets) in targets(of: argument, from: here) {
                    for target in targets where target != here { copy(draft, into: target) }
                }
            }
        }
    }

    private mutating func copy(_ source: ChunkDraft, into here: Int) {
        let parameters = catalog.parameters(of: drafts[here].state, function: drafts[here].function)
        for argument in source.arguments where !Keywords.isRequisite(argument.key) {
            guard drafts[here].argument(argument.key) == nil else { continue }
            let taken = parameters?.contains(argument.key) ?? true
            guard taken || Keywords.isGlobal(argument.key) else { continue }
            drafts[here].arguments.append(argument)
            drafts[here].borrowed.insert(argument.key)
        }
    }

    // MARK: reverse forms

    private mutating func turnReversed() {
        for here in drafts.indices {
            for argument in drafts[here].arguments {
                guard let kind = RequisiteKind.reversed[argument.key] else { continue }
                for (reference, targets) in targets(of: argument, from: here) {
                    let back = Value(
                        [(Value(drafts[here].state), Value(drafts[here].id, at: reference.mark))], reference.mark)
                    for target in targets { drafts[target].require(kind, back) }
                }
            }
        }
    }

    // MARK: direct forms

    private mutating func resolve() {
        for here in drafts.indices {
            for kind in RequisiteKind.written {
                guard let argument = drafts[here].argument(kind.rawValue) else { continue }
                drafts[here].requisites[kind] = targets(of: argument, from: here).map { reference, targets in
                    Reference(state: reference.module, name: reference.name, chunks: targets, mark: reference.mark)
                }
            }
        }
    }

    /// The references of one requisite with the chunks that each means; one that means nothing is reported.
    private mutating func targets(of argument: Argument, from here: Int) -> [(ReferenceText, [Int])] {
        let draft = drafts[here]
        let references = ReferenceText.read(argument, of: draft, catalog: catalog, problems: &problems)
        var result: [(ReferenceText, [Int])] = []
        for reference in references {
            if let chunks = index.chunks(module: reference.module, name: reference.name, from: here) {
                result.append((reference, chunks))
            } else if let place = high.excluded[reference.name] {
                // A reverse form of a state that is gone has nothing to act on; a direct one can never hold.
                guard !Keywords.isReverse(argument.key) else { continue }
                problems.append(missing(reference, argument, draft, excludedAt: place))
            } else {
                problems.append(missing(reference, argument, draft, excludedAt: nil))
            }
        }
        return result
    }

    private func missing(
        _ reference: ReferenceText, _ argument: Argument, _ draft: ChunkDraft, excludedAt place: Mark??
    ) -> Diagnostic {
        let shown = reference.module == "id" ? reference.name : "\(reference.module): \(reference.name)"
        var detail = "\"\(argument.key)\" of \(draft.title) in SLS \"\(draft.sls)\""
        var hint = index.hint(module: reference.module, name: reference.name)
        if let place {
            detail += "; the ID is excluded" + (place.map { " at \($0)" } ?? "")
            hint = nil
        } else if !["id", "sls"].contains(reference.module), catalog.functions(of: reference.module).isEmpty {
            detail += "; there is no state module \"\(reference.module)\""
            let near = NearestName.of(reference.module, among: catalog.states)
            hint = near.map { "did you mean \"\($0): \(reference.name)\"?" } ?? hint
        }
        return .error("no state answers to \"\(shown)\"", detail: detail, hint: hint, mark: reference.mark)
    }
}

extension Value {
    fileprivate init(_ pairs: [(Value, Value)], _ mark: Mark?) {
        var map = Mapping()
        for (key, value) in pairs { map[key] = value }
        self.init(map, at: mark)
    }
}
