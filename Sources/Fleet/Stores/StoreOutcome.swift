package import Hypervisor
package import Values

/// What was done to a pool, a network or a volume of one host, or in check mode would be.
package struct StoreOutcome: Sendable {
    /// One property with its value before and after; nil where it was not, or will not be, there.
    package struct Change: Sendable, Hashable {
        package let property: String
        package let before: String?
        package let after: String?

        package init(_ property: String, _ before: String?, _ after: String?) {
            self.property = property
            self.before = before
            self.after = after
        }

        init(_ difference: SpecDifference) {
            self.init(difference.property, difference.found, difference.wanted)
        }

        package var text: String {
            switch (before, after) {
            case (nil, let after?): "\(property): \(after)"
            case (let before?, nil): "\(property): \(before) removed"
            case (let before, let after): "\(property): \(before ?? "") -> \(after ?? "")"
            }
        }
    }

    package let host: String
    /// The pool's, network's or volume's name.
    package let name: String
    /// In the order in which they were made; empty when everything was so already.
    package internal(set) var changes: [Change] = []
    /// Whether nothing was done and the changes are what would be.
    package let isPredicted: Bool
    /// What it means to others: VMs that lose their link for a moment.
    package internal(set) var consequences: [String] = []

    package init(_ host: String, _ name: String, isPredicted: Bool) {
        self.host = host
        self.name = name
        self.isPredicted = isPredicted
    }

    package var isUnchanged: Bool { changes.isEmpty }

    /// Whether there was none of the name.
    var isNew: Bool { changes.first.map { $0.property == "definition" && $0.before == nil } ?? false }

    /// As states report it: `{property: {old, new}}`.
    package var mapping: Mapping {
        Mapping(
            changes.map { change in
                let sides: Value = [
                    "old": change.before.map { Value($0) } ?? .null, "new": change.after.map { Value($0) } ?? .null,
                ]
                return (change.property, sides)
            })
    }

    /// Stable API of the commands.
    package var value: Value {
        [
            "host": Value(host), "name": Value(name),
            "result": Value(isUnchanged ? "unchanged" : isPredicted ? "would change" : "changed"),
            "changes": Value(mapping), "consequences": Value(consequences.map { Value($0) }),
        ]
    }
}

/// What to do when something of the name is there and differs.
package enum StoreDifference: Sendable {
    case refuse, change
}
