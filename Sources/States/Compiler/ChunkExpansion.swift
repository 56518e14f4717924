import Values

/// Makes chunks of declarations: one for each state, or for each of its `names`.
struct ChunkExpansion {
    private(set) var drafts: [ChunkDraft] = []
    private(set) var problems: [Diagnostic] = []

    init(_ high: HighState) {
        for declaration in high.declarations {
            for state in declaration.states { expand(state, of: declaration) }
        }
    }

    private mutating func expand(_ state: StateDeclaration, of declaration: IDDeclaration) {
        var draft = ChunkDraft(
            state: state.state, function: state.function ?? "", name: declaration.id, id: declaration.id,
            sls: declaration.sls, includedFrom: declaration.includedFrom, arguments: [], order: nil,
            loadOrder: state.loadOrder, mark: state.mark ?? declaration.mark)
        for argument in state.arguments where argument.key != "names" { take(argument, into: &draft) }
        guard let names = state.arguments.first(where: { $0.key == "names" }) else {
            drafts.append(draft)
            return
        }
        guard let entries = names.value.list else {
            problems.append(
                .error(
                    "\"names\" of ID \"\(declaration.id)\" is not a list",
                    detail: "found \(names.value.kindName)", mark: names.value.mark ?? names.mark))
            return
        }
        var number = 0
        var seen: Set<Value> = []
        for entry in entries where seen.insert(entry).inserted {
            guard var live = named(entry, from: draft) else { continue }
            number += 1
            live.number = number
            drafts.append(live)
        }
        // Nothing in the list means the ID itself, as without the list.
        if entries.isEmpty { drafts.append(draft) }
    }

    private mutating func take(_ argument: Argument, into draft: inout ChunkDraft) {
        switch argument.key {
        case "order": draft.order = argument
        case "state", "fun": break
        case "name":
            if let text = argument.value.string {
                draft.name = text
            } else if !argument.value.isNull {
                problems.append(
                    .error(
                        "\"name\" of ID \"\(draft.id)\" is not text",
                        detail: "found \(argument.value.kindName)",
                        hint: argument.value.scalarText.map { "quote it: \"\($0)\"" },
                        mark: argument.value.mark ?? argument.mark))
            }
        default:
            if let index = draft.arguments.firstIndex(where: { $0.key == argument.key }) {
                draft.arguments[index] = argument
            } else {
                draft.arguments.append(argument)
            }
        }
    }

    /// One entry of `names`: a text, or a text with overrides.
    private mutating func named(_ entry: Value, from draft: ChunkDraft) -> ChunkDraft? {
        var live = draft
        if let text = entry.string {
            live.name = text
            return live
        }
        if let map = entry.map, map.count == 1, let (key, value) = map.first(where: { _ in true }),
            let text = key.string
        {
            live.name = text
            let overrides = value.list ?? (value.isNull ? [] : [value])
            for override in overrides {
                guard let arguments = override.map else {
                    problems.append(
                        .error(
                            "override of \"\(text)\" in \"names\" has no name",
                            detail: "found \(override.kindName), expected \"- argument: value\"",
                            mark: override.mark ?? key.mark))
                    continue
                }
                for (key, value) in arguments where key.string != nil && key.string != "names" {
                    take(Argument(key: key.string ?? "", value: value, mark: key.mark), into: &live)
                }
            }
            return live
        }
        problems.append(
            .error(
                "entry of \"names\" of ID \"\(draft.id)\" is not a name", detail: "found \(entry.kindName)",
                hint: entry.scalarText.map { "quote it: \"\($0)\"" }, mark: entry.mark ?? draft.mark))
        return nil
    }
}
