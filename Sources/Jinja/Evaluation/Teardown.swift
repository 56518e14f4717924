/// Destroys values level by level. Left to themselves, lists nested a hundred thousand deep (a loop can make them)
/// would be destroyed by as many nested calls, which overflow the stack.
enum Teardown {
    /// - Parameter contents: handed over; the caller must hold them nowhere else.
    static func release(_ contents: consuming [Datum]) {
        var waiting = consume contents
        waiting.removeAll { !$0.isContainer }
        // Of values in `waiting` alone, the contents are moved there before they are dropped.
        while !waiting.isEmpty { waiting += surrendered(by: waiting.removeLast()) }
    }

    private static func surrendered(by datum: consuming Datum) -> [Datum] {
        var list: ListBox?
        var tuple: TupleBox?
        var map: MapBox?
        var object: NativeObject?
        switch consume datum {
        case .list(let box): list = box
        case .tuple(let box): tuple = box
        case .map(let box): map = box
        case .object(let native): object = native
        default: break
        }
        if isKnownUniquelyReferenced(&list) { return (list?.surrender() ?? []).filter(\.isContainer) }
        if isKnownUniquelyReferenced(&tuple) { return (tuple?.surrender() ?? []).filter(\.isContainer) }
        if isKnownUniquelyReferenced(&map) { return map?.surrender() ?? [] }
        if isKnownUniquelyReferenced(&object) { return (object?.surrender() ?? []).filter(\.isContainer) }
        return []
    }
}

extension Datum {
    /// Whether it can hold other values.
    var isContainer: Bool {
        switch self {
        case .list, .tuple, .map, .object: true
        default: false
        }
    }
}
