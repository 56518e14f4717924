package import States
package import Values

/// What one host is to be put through: shell for each chunk, and the files that it may need.
package struct HostPlan: Sendable {
    package let chunks: [LowChunk]
    /// What may have to be shipped, each content once for each destination.
    package let files: [BundleFile]
    /// What people should know although the plan stands.
    package let warnings: [Diagnostic]
    let states: [PlannedState]
    let registers: Registers
    let packageTool: String

    /// Turns a low state into a plan. Reads nothing but its arguments.
    /// - Parameters:
    ///   - facts: the host's, as `FactScript.parse` gives them.
    ///   - materials: what the authority has for this host; needed by `virt.keys` alone.
    /// - Throws: every problem of every chunk, with its place.
    package static func plan(
        low: LowState, facts: Mapping, materials: Materials = Materials(), sources: FileSources
    ) throws(Diagnostics) -> HostPlan {
        var registers = Registers()
        var states: [PlannedState] = []
        var problems: [Diagnostic] = []
        for (index, chunk) in low.chunks.enumerated() {
            guard let function = Catalog.standard[chunk.state, chunk.function] else {
                problems.append(.error("there is no state \"\(chunk.state).\(chunk.function)\"", mark: chunk.mark))
                continue
            }
            var planner = StatePlanner(
                index: index, chunk: chunk, low: low, facts: facts, materials: materials, sources: sources,
                registers: registers)
            function.plan(&planner)
            let around = Surroundings(&planner)
            registers = planner.registers
            problems += planner.problems
            states.append(PlannedState(planner, libraries: function.libraries, around: around))
        }
        if let found = Diagnostics(problems.filter { $0.severity == .error }) { throw found }
        return HostPlan(
            chunks: low.chunks, files: exposed(states), warnings: problems, states: states, registers: registers,
            packageTool: PackageTool.of(facts) ?? "apt")
    }

    /// Whether a chunk is carried out by the controller when the host asks for it.
    package func isControllers(_ chunk: Int) -> Bool {
        states.contains { $0.index == chunk && $0.libraries.contains(.controller) }
    }

    /// The files of all states, those marked whose destination an earlier state may change.
    private static func exposed(_ states: [PlannedState]) -> [BundleFile] {
        var files: [BundleFile] = []
        var anything = false
        for state in states {
            for var file in state.files {
                file.isExposed = file.isExposed || anything || files.contains { $0.path == file.path }
                files.append(file)
            }
            if state.mayTouchAnyFile { anything = true }
        }
        return files
    }

    /// The files to send, given what the check script found: those that differ or are missing, and small ones whose
    /// destination may change between the check and their turn.
    package func shipment(present: [String: String]) -> [BundleFile] {
        var blobs: Set<String> = []
        return files.filter { file in
            let differs = present[file.path] != file.sha256
            guard differs || (file.isExposed && file.size <= 65536) else { return false }
            return blobs.insert(file.blob).inserted
        }
    }
}
