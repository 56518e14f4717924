internal import FoundationEssentials
package import Values

/// What the controller found or did for a state that it carries out itself, and how the waiting host is told.
///
/// The host's side is `ask_controller` of `controller.sh`.
package struct ControllerAnswer: Sendable, Hashable {
    /// True, false, or nil: would change (check mode).
    package var result: Bool?
    package var changes: Mapping
    package var comment: String
    /// In check mode: what is not applied yet may cure this failure.
    package var isSoft: Bool

    package init(result: Bool?, changes: Mapping = Mapping(), comment: String, isSoft: Bool = false) {
        self.result = result
        self.changes = changes
        self.comment = comment
        self.isSoft = isSoft
    }

    /// The longest changes and comment that a record carries.
    private static let longestChanges = 256 << 10
    private static let longestComment = 16 << 10

    /// The file that the host reads.
    package var bytes: [UInt8] {
        let words = result.map { $0 ? "true" : "false" } ?? "null"
        var packed = "-"
        if !changes.isEmpty {
            let json = JSON.write(Value(changes), pretty: false)
            let whole =
                json.utf8.count <= Self.longestChanges ? json : #"{"left out":"the changes are too long to be shown"}"#
            packed = Data(whole.utf8).base64EncodedString()
        }
        let said = comment.utf8.filter { $0 != 0 }.prefix(Self.longestComment)
        return Array("\(words)\n\(isSoft ? 1 : 0)\n\(packed)\n".utf8) + said + [UInt8(ascii: "\n")]
    }

    /// Takes the question of a chunk: prints `taken`, or `gone` when the host waits no longer. To be run with `run` set
    /// to the directory of the run that asks.
    package static func taking(_ chunk: Int) -> String {
        "if mv \"$run/question.\(chunk)\" \"$run/taken.\(chunk)\" 2>/dev/null; then echo taken; else echo gone; fi"
    }

    /// Says that the controller is still at work.
    package static let beat = ": >\"$run/beat\""

    /// Hands over the answer, which lies as `answer` in the directory where this is run.
    package static func giving(_ chunk: Int) -> String {
        "mv answer \"$run/answer.new\" && mv \"$run/answer.new\" \"$run/answer.\(chunk)\""
    }
}
