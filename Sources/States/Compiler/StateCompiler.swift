package import Values

/// From SLS names to low state: render, include, extend, exclude, requisites, order. Nothing but what it is given is read.
package struct StateCompiler {
    /// Compiles SLS files for one host.
    /// - Parameters:
    ///   - sls: SLS names (a role's name is one) or wildcards, in the order wanted.
    ///   - tree: where SLS files and templates are.
    ///   - catalog: what state functions there are.
    ///   - input: what templates see.
    /// - Throws: every mistake found; nothing is compiled by halves.
    package static func compile(
        sls: [String], tree: any SourceTree, catalog: any StateCatalog, input: RenderInput
    ) throws(Diagnostics) -> LowState {
        let renderer = SLSRenderer(tree: tree, input: input)
        var loader = HighStateLoader(tree: tree, catalog: catalog, renderer: renderer)
        let high = loader.load(sls)
        return try compile(high, catalog: catalog, problems: loader.problems)
    }

    static func compile(
        _ source: HighState, catalog: any StateCatalog, problems found: [Diagnostic]
    ) throws(Diagnostics) -> LowState {
        var high = source
        var problems = found
        // With a file missing, what refers into it would be reported as missing too.
        let incomplete = problems.contains { $0.severity == .error }
        high.applyExtensions(problems: &problems)
        high.applyExclusions()

        let expansion = ChunkExpansion(high)
        problems += expansion.problems
        let resolver = RequisiteResolver(expansion.drafts, high: high, catalog: catalog)
        let drafts = resolver.drafts
        if !incomplete { problems += resolver.problems }
        problems += ArgumentCheck(drafts, catalog: catalog).problems
        let order = ChunkOrder(drafts)
        problems += order.problems

        let graph = DependencyGraph(drafts)
        let sorted = TopologicalSort(graph, orders: order.orders) { index in
            drafts[index].state + drafts[index].name + drafts[index].function
        }
        problems += CycleReport(graph, drafts: drafts, stuck: sorted.stuck).problems

        let errors = problems.filter { $0.severity == .error }
        if let thrown = Diagnostics(unique(errors)) { throw thrown }
        let assembly = LowStateAssembly(drafts, order: sorted.chunks, orders: order.orders, catalog: catalog)
        return LowState(chunks: assembly.chunks, warnings: unique(problems))
    }

    /// Without those that say the same of the same place, as the chunks of one `names` list do.
    private static func unique(_ list: [Diagnostic]) -> [Diagnostic] {
        var seen: Set<Diagnostic> = []
        return list.filter { seen.insert($0).inserted }
    }
}
