package import States
package import Values

/// What became of one state.
package struct StateResult: Sendable, Hashable {
    /// The chunk's place in the plan.
    package var chunk: Int
    /// The state was asked once more at the end because something that it listens to changed.
    package var isListener = false
    /// Its place in the order of execution, from 0.
    package var number: Int
    /// True, false, or nil: would change (test mode).
    package var result: Bool?
    /// As Salt's state function gives them; an empty mapping when nothing changed.
    package var changes: Mapping
    package var comment: String
    /// HH:MM:SS.ffffff on the host's clock.
    package var startTime: String
    /// Milliseconds.
    package var duration: Double
    /// Whether the state function was called at all.
    package var ran: Bool
    /// A unified diff, if the state shows one.
    package var diff: String?

    /// The result's key in a report, as Salt has it.
    package func tag(of chunk: LowChunk) -> String {
        guard isListener else { return chunk.tag }
        return "\(chunk.state)_|-listener_\(chunk.id)_|-\(chunk.name)_|-mod_watch"
    }

    /// The result with the keys of the stable JSON.
    package func json(_ chunk: LowChunk) -> Value {
        var map = Mapping()
        map["name"] = Value(chunk.name)
        map["result"] = result.map { Value($0) } ?? .null
        map["changes"] = Value(changes)
        map["comment"] = Value(comment)
        map["duration"] = Value(duration)
        map["start_time"] = Value(startTime)
        map["__id__"] = Value(isListener ? "listener_\(chunk.id)" : chunk.id)
        map["__sls__"] = Value(chunk.sls)
        map["__run_num__"] = Value(number)
        if !ran { map["__state_ran__"] = Value(false) }
        return Value(map)
    }
}
