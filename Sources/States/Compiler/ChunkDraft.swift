import Values

/// A chunk while it is compiled: its requisites still as they were written.
struct ChunkDraft: Sendable {
    var state: String
    var function: String
    var name: String
    var id: String
    var sls: String
    var includedFrom: [String]
    /// All arguments but `name`, `names` and `order`.
    var arguments: [Argument]
    /// What stands as `order`; nil when the load order is to be used.
    var order: Argument?
    var loadOrder: Int?
    /// From 1 in a state with `names`; 0 without.
    var number = 0
    /// Arguments that `use` brought: those the function does not take are no mistake.
    var borrowed: Set<String> = []
    var requisites: [RequisiteKind: [Reference]] = [:]
    var mark: Mark?

    /// `service.running "libvirtd"`, with the ID where it differs.
    var title: String {
        "\(state).\(function) \"\(name)\"" + (name == id ? "" : " (ID \"\(id)\")")
    }

    func argument(_ key: String) -> Argument? { arguments.first { $0.key == key } }

    /// Appends one reference, as if it had been written here.
    mutating func require(_ kind: RequisiteKind, _ reference: Value) {
        if let index = arguments.firstIndex(where: { $0.key == kind.rawValue }) {
            let items = arguments[index].value.list ?? []
            guard !items.contains(reference) else { return }
            arguments[index].value = Value(items + [reference], at: arguments[index].value.mark)
        } else {
            arguments.append(Argument(key: kind.rawValue, value: Value([reference]), mark: reference.mark))
        }
    }
}
