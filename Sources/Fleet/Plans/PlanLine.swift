package import Values

/// What is to be done about one VM.
package struct PlanLine: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable, CaseIterable {
        case create, change, move, delete
        /// It is as its entry says.
        case keep
        /// A host that does not answer has it, or may have it.
        case unknown
        /// No host can have it, or it is on several.
        case refused
        /// A VM of that name is there, and it is not Drover's.
        case foreign
        /// Drover's, and in no file: left alone unless its deletion is allowed by name.
        case unlisted

        package var isChanging: Bool { [.create, .change, .move, .delete].contains(self) }

        var sign: String {
            switch self {
            case .create: "+"
            case .change: "~"
            case .move: ">"
            case .delete: "-"
            case .keep, .unlisted: " "
            case .unknown, .refused, .foreign: "!"
            }
        }
    }

    package let name: String
    package var action: Action
    /// Where it is.
    package var host: String?
    /// Where it is to be made or moved to.
    package var target: String?
    package var changes: [FieldChange] = []
    /// What only a new VM of that entry would have.
    package var differences: [FieldDifference] = []
    /// Why it is moved, refused or not known.
    package var reason: String?
    package var uuid: String?

    package init(_ name: String, _ action: Action, host: String? = nil, reason: String? = nil) {
        self.name = name
        self.action = action
        self.host = host
        self.reason = reason
    }

    /// It cannot be, and nothing of it is done.
    mutating func refuse(_ reason: String) {
        action = .refused
        changes = []
        self.reason = reason
    }

    /// A line for people.
    package var text: String {
        let place =
            switch action {
            case .create: "create on \(target ?? "?")"
            case .move: "move from \(host ?? "?") to \(target ?? "?")"
            case .delete: "delete from \(host ?? "?")"
            case .change: "change on \(host ?? "?")"
            case .keep: (differences.isEmpty ? "as it should be" : "nothing to change") + " on \(host ?? "?")"
            case .unlisted: "on \(host ?? "?"), in no file"
            case .foreign: "on \(host ?? "?"), not Drover's"
            case .unknown: "unknown"
            case .refused: "cannot be"
            }
        let details = changes.map(\.description) + differences.map(\.description) + (reason.map { [$0] } ?? [])
        return "\(action.sign) \(name): \(place)" + (details.isEmpty ? "" : ": " + details.joined(separator: ", "))
    }

    package var value: Value {
        Value(
            Mapping([
                ("name", Value(name)), ("action", Value(action.rawValue)), ("host", host.map { Value($0) } ?? .null),
                ("target", target.map { Value($0) } ?? .null), ("changes", Value(changes.map(\.value))),
                ("differs", Value(differences.map(\.value))),
                ("reason", reason.map { Value($0) } ?? .null),
            ]))
    }
}
