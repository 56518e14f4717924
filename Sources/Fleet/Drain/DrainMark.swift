package import Values

/// What says on a host itself that it is drained: it is given no VMs, by any controller, until it is undrained.
package struct DrainMark: Sendable, Hashable {
    /// One line of JSON; there while the host is drained, also after it has been started anew.
    static let path = "/var/lib/drover/drained"

    /// `user@machine` of the controller.
    package var by: String
    /// When it was begun, as ISO 8601 in UTC.
    package var at: String
    /// What its user gave as the reason.
    package var reason: String?
    package var operation: String

    package init(by: String, at: String, reason: String?, operation: String) {
        self.by = by
        self.at = at
        self.reason = reason
        self.operation = operation
    }

    /// Reads the line. One that makes no sense is a mark all the same: the file is there.
    init(_ line: String) {
        self.init((try? JSON.read(SourceText(name: Self.path, text: line))) ?? .null)
    }

    init(_ value: Value) {
        let fields = value.map ?? Mapping()
        func text(_ name: String) -> String? { fields[name]?.string.map(Printable.line) }
        self.init(
            by: text("by") ?? "somebody", at: text("at") ?? "", reason: text("reason"),
            operation: text("operation") ?? "")
    }

    var line: String { JSON.write(value, pretty: false) }

    /// Stable API: programs read these keys.
    package var value: Value {
        [
            "by": Value(by), "at": Value(at), "reason": reason.map { Value($0) } ?? .null,
            "operation": Value(operation),
        ]
    }

    /// As sentences go on with it.
    package var words: String {
        "drained by \(by)" + (at.isEmpty ? "" : " at \(at)") + (reason.map { ": \($0)" } ?? "")
    }
}
