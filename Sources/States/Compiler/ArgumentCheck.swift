import Values

/// Checks that the states, functions and arguments that chunks name exist.
struct ArgumentCheck {
    let catalog: any StateCatalog
    private(set) var problems: [Diagnostic] = []

    init(_ drafts: [ChunkDraft], catalog: any StateCatalog) {
        self.catalog = catalog
        // Chunks of one `names` list would only say the same again.
        for draft in drafts where draft.number <= 1 {
            guard checkFunction(draft) else { continue }
            checkArguments(draft)
        }
    }

    private mutating func checkFunction(_ draft: ChunkDraft) -> Bool {
        if catalog.has(state: draft.state, function: draft.function) { return true }
        let functions = catalog.functions(of: draft.state)
        if functions.isEmpty {
            problems.append(
                .error(
                    "unknown state \"\(draft.state).\(draft.function)\" under ID \"\(draft.id)\"",
                    detail: "there is no state module \"\(draft.state)\"",
                    hint: NearestName.of(draft.state, among: catalog.states).map {
                        "did you mean \"\($0).\(draft.function)\"?"
                    }, mark: draft.mark))
        } else {
            problems.append(
                .error(
                    "unknown state \"\(draft.state).\(draft.function)\" under ID \"\(draft.id)\"",
                    detail: "\"\(draft.state)\" has the functions " + functions.sorted().joined(separator: ", "),
                    hint: NearestName.of(draft.function, among: functions).map {
                        "did you mean \"\(draft.state).\($0)\"?"
                    }, mark: draft.mark))
        }
        return false
    }

    private mutating func checkArguments(_ draft: ChunkDraft) {
        guard let parameters = catalog.parameters(of: draft.state, function: draft.function) else { return }
        for argument in draft.arguments {
            let key = argument.key
            if Keywords.isGlobal(key) || parameters.contains(key) || draft.borrowed.contains(key) { continue }
            problems.append(
                .error(
                    "unknown argument \"\(key)\" for \"\(draft.state).\(draft.function)\"",
                    detail: "it takes " + (["name"] + parameters).joined(separator: ", "),
                    hint: NearestName.of(key, among: parameters + Keywords.all).map { "did you mean \"\($0)\"?" },
                    mark: argument.mark))
        }
    }
}
