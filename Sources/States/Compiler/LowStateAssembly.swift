import Values

/// Puts chunks in their order and lets their references point to the new places.
struct LowStateAssembly {
    private(set) var chunks: [LowChunk] = []

    init(_ drafts: [ChunkDraft], order: [Int], orders: [Double], catalog: any StateCatalog) {
        var position = Array(repeating: 0, count: drafts.count)
        for (place, index) in order.enumerated() { position[index] = place }
        chunks = order.map { Self.chunk(drafts[$0], order: orders[$0], position: position, catalog: catalog) }
        for (place, chunk) in chunks.enumerated() {
            for reference in chunk.requisites[.prereq, default: []] {
                for target in reference.chunks {
                    let back = Reference(
                        state: chunk.state, name: chunk.id, chunks: [place], mark: reference.mark)
                    if chunks[target].requisites[.prerequired]?.contains(back) != true {
                        chunks[target].requisites[.prerequired, default: []].append(back)
                    }
                }
            }
        }
    }

    private static func chunk(
        _ draft: ChunkDraft, order: Double, position: [Int], catalog: any StateCatalog
    ) -> LowChunk {
        let parameters = catalog.parameters(of: draft.state, function: draft.function) ?? []
        var arguments = Mapping()
        var runtime = Mapping()
        var written = Mapping()
        for argument in draft.arguments {
            let key = Value(argument.key, at: argument.mark)
            written[key] = argument.value
            if Keywords.runtime.contains(argument.key) { runtime[key] = argument.value }
            if !Keywords.isGlobal(argument.key) || parameters.contains(argument.key) {
                arguments[key] = argument.value
            }
        }
        let requisites = draft.requisites.mapValues { references in
            references.map { reference in
                var moved = reference
                moved.chunks = reference.chunks.map { position[$0] }.sorted()
                return moved
            }
        }
        return LowChunk(
            state: draft.state, function: draft.function, name: draft.name, id: draft.id, sls: draft.sls,
            order: order, arguments: arguments, runtime: runtime, requisites: requisites, written: written,
            mark: draft.mark)
    }
}
