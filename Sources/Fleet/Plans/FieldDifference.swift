package import Values

/// What differs between a VM and its entry, and only a VM that is made anew can have.
package struct FieldDifference: Sendable, Hashable {
    /// The entry's key.
    package let name: String
    package let old: String
    package let new: String

    package init(_ name: String, _ old: String, _ new: String) {
        self.name = name
        self.old = old
        self.new = new
    }

    package var description: String { "\(name) \(old) -> \(new) (needs re-creation)" }

    package var value: Value { ["field": Value(name), "from": Value(old), "to": Value(new)] }
}
