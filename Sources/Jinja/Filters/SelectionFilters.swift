/// Filters that apply another filter or a test to each item.
enum SelectionFilters {
    static let table: [String: Filter] = [
        "map": Filter(nil) { try mapped($0) },
        "select": Filter(nil) { try selected($0, byAttribute: false, keeping: true) },
        "reject": Filter(nil) { try selected($0, byAttribute: false, keeping: false) },
        "selectattr": Filter(nil) { try selected($0, byAttribute: true, keeping: true) },
        "rejectattr": Filter(nil) { try selected($0, byAttribute: true, keeping: false) },
    ]

    private static func mapped(_ call: Invocation) throws -> Datum {
        var arguments = call.arguments
        // Whatever is false counts as empty, `none` too.
        let items = try call.input.isTrue ? try call.input.elements() : []
        guard !arguments.positional.isEmpty else {
            let bound = try arguments.bound(to: ["attribute", "default"], required: 1)
            let key = ItemKey(bound[0], default: bound[1])
            return .list(try items.map { try key($0) })
        }
        guard case .string(let name) = arguments.positional.removeFirst() else {
            throw Fault("\"map\" needs the name of a filter, or attribute=")
        }
        arguments.callee = name
        return .list(try items.map { try call.renderer.apply(filter: name, to: $0, arguments) })
    }

    private static func selected(_ call: Invocation, byAttribute: Bool, keeping: Bool) throws -> Datum {
        var arguments = call.arguments
        var key = ItemKey(nil)
        if byAttribute {
            guard !arguments.positional.isEmpty else {
                throw Fault("\"\(arguments.callee)\" needs the name of an attribute")
            }
            key = ItemKey(arguments.positional.removeFirst())
        }
        let items = try call.input.isTrue ? try call.input.elements() : []
        guard !arguments.positional.isEmpty else {
            return .list(try items.filter { try key($0).isTrue == keeping })
        }
        guard case .string(let name) = arguments.positional.removeFirst() else {
            throw Fault("\"\(arguments.callee)\" needs the name of a test")
        }
        arguments.callee = name
        return .list(try items.filter { try call.renderer.apply(test: name, to: try key($0), arguments) == keeping })
    }
}
