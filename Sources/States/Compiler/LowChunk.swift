package import Values

/// One reference of a requisite, resolved.
package struct Reference: Sendable, Hashable {
    /// The state module as written (`pkg`), `id` for a bare ID, or `sls`.
    package var state: String
    /// The ID, name, SLS or wildcard as written.
    package var name: String
    /// The chunks that it means, as indices into `LowState.chunks`.
    package var chunks: [Int]
    package var mark: Mark?
}

/// One state function call with all that it needs, in its place in the order.
package struct LowChunk: Sendable {
    package var state: String
    package var function: String
    package var name: String
    package var id: String
    package var sls: String
    package var environment = "base"
    /// The order asked for or given by loading; a chunk of `names` has its number in ten thousandths added.
    package var order: Double
    /// What the function itself is given, without `name`; every value has its mark.
    package var arguments: Mapping
    /// What the run obeys around the function: `onlyif`, `retry`, `failhard` and the like.
    /// A word that the function declares as its own argument too stands in both.
    package var runtime: Mapping
    /// What the chunk depends on. All chunks meant stand earlier, but for `prereq` and `listen`.
    package var requisites: [RequisiteKind: [Reference]]
    /// All arguments as they were written, requisites included (and those that reverse forms added).
    package var written: Mapping
    /// Where the state is declared.
    package var mark: Mark?

    /// Salt's key of a result: `file_|-id_|-name_|-managed`.
    package var tag: String { "\(state)_|-\(id)_|-\(name)_|-\(function)" }

    /// The chunk as Salt prints it.
    package func json() -> Value {
        var map = Mapping()
        map["state"] = Value(state)
        map["fun"] = Value(function)
        map["name"] = Value(name)
        map["__id__"] = Value(id)
        map["__sls__"] = Value(sls)
        map["__env__"] = Value(environment)
        for (key, value) in written where map[key] == nil { map[key] = value }
        map["order"] = Int(exactly: order).map { Value($0) } ?? Value(order)
        return Value(map)
    }
}

/// What one host is to be put through, in the order of execution.
package struct LowState: Sendable {
    package var chunks: [LowChunk]
    /// What people should know though it compiles.
    package var warnings: [Diagnostic]

    /// All chunks as Salt prints them.
    package func json() -> Value { Value(chunks.map { $0.json() }) }
}
