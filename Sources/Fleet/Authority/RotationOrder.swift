internal import Inventory
internal import PKI
internal import Values

/// What a rotation was asked to do, as its journal keeps it.
struct RotationOrder: Sendable, Hashable {
    var scope: RotationScope
    /// The hosts whose pairs are replaced, in their order.
    var hosts: [String]
    /// Serial numbers of the CAs that are to go, by plane; empty for leaves.
    var oldAuthorities: [PKI.Plane: String] = [:]
    /// Serial numbers of the certificates that are to be replaced.
    var replaced: Set<String> = []
    /// Holders outside the inventory that will be cut off, as was agreed to.
    var forgotten: Set<String> = []

    var fields: Mapping {
        Mapping([
            ("scope", Value(scope.rawValue)), ("hosts", Self.list(hosts)), ("replaced", Self.list(replaced.sorted())),
            ("forgotten", Self.list(forgotten.sorted())),
            ("authorities", Value(Mapping(oldAuthorities.map { ($0.key.rawValue, Value($0.value)) }))),
        ])
    }

    init(
        scope: RotationScope, hosts: [String], oldAuthorities: [PKI.Plane: String] = [:], replaced: Set<String> = [],
        forgotten: Set<String> = []
    ) {
        self.scope = scope
        self.hosts = hosts
        self.oldAuthorities = oldAuthorities
        self.replaced = replaced
        self.forgotten = forgotten
    }

    /// Nil when the journal's first line is not whole.
    init?(_ record: OperationRecord) {
        guard let scope = record["scope"]?.string.flatMap(RotationScope.init), let hosts = Self.texts(record["hosts"])
        else { return nil }
        self.scope = scope
        self.hosts = hosts
        replaced = Set(Self.texts(record["replaced"]) ?? [])
        forgotten = Set(Self.texts(record["forgotten"]) ?? [])
        for (key, value) in record["authorities"]?.map ?? Mapping() {
            guard let plane = key.string.flatMap(PKI.Plane.init), let serial = value.string else { return nil }
            oldAuthorities[plane] = serial
        }
    }

    private static func list(_ texts: [String]) -> Value { Value(texts.map { Value($0) }) }
    private static func texts(_ value: Value?) -> [String]? { value?.list?.compactMap(\.string) }
}
