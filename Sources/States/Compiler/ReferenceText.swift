import Values

/// One reference as it was written, taken apart: `- pkg: libvirt`, `- libvirt`, `- sls: network`.
struct ReferenceText {
    /// The module under its own name, `id` for a bare ID, or `sls`.
    var module: String
    var name: String
    /// The value itself, to be shown and copied.
    var written: Value
    var mark: Mark?

    /// Reads the list of a requisite, reporting what is no reference.
    /// - Parameter mappingAllowed: reverse forms may be written as one mapping instead of a list.
    static func read(
        _ argument: Argument, of draft: ChunkDraft, catalog: any StateCatalog, problems: inout [Diagnostic]
    ) -> [ReferenceText] {
        var items: [Value]
        switch argument.value.kind {
        case .list(let list): items = list
        case .map(let map) where Keywords.isReverse(argument.key):
            items = map.map { key, value in
                var single = Mapping()
                single[key] = value
                return Value(single, at: key.mark)
            }
        default:
            problems.append(
                .error(
                    "\"\(argument.key)\" of \(draft.title) is not a list",
                    detail: "found \(argument.value.kindName)",
                    hint: "write \"- \(argument.key):\" and below it \"- module: id\"",
                    mark: argument.value.mark ?? argument.mark))
            return []
        }
        return items.compactMap { read($0, in: argument, of: draft, catalog: catalog, problems: &problems) }
    }

    private static func read(
        _ item: Value, in argument: Argument, of draft: ChunkDraft, catalog: any StateCatalog,
        problems: inout [Diagnostic]
    ) -> ReferenceText? {
        let mark = item.mark ?? argument.mark
        if let id = item.string { return ReferenceText(module: "id", name: id, written: item, mark: mark) }
        guard let map = item.map, map.count == 1, let (key, value) = map.first(where: { _ in true }),
            let module = key.string
        else {
            problems.append(
                .error(
                    "entry of \"\(argument.key)\" of \(draft.title) is not a reference",
                    detail: item.map.map { "found a mapping of \($0.count) keys" } ?? "found \(item.kindName)",
                    hint: "write \"- module: id\" or \"- id\"", mark: mark))
            return nil
        }
        if let dot = module.firstIndex(of: ".") {
            problems.append(
                .error(
                    "\"\(argument.key)\" of \(draft.title) refers to a function, \"\(module)\"",
                    hint: "did you mean \"\(module[..<dot])\"?", mark: key.mark ?? mark))
            return nil
        }
        if value.isNull {
            problems.append(
                .warning(
                    "\"\(argument.key)\" of \(draft.title) refers to no \"\(module)\" by name; it is ignored",
                    hint: "write \"- \(module): id\"", mark: key.mark ?? mark))
            return nil
        }
        guard let name = value.string else {
            problems.append(
                .error(
                    "\"\(argument.key)\" of \(draft.title) has a reference that is not text",
                    detail: "found \(value.kindName)", hint: value.scalarText.map { "quote it: \"\($0)\"" },
                    mark: value.mark ?? mark))
            return nil
        }
        let known = module == "id" || module == "sls"
        return ReferenceText(
            module: known ? module : catalog.alias(module), name: name, written: item, mark: value.mark ?? mark)
    }
}
