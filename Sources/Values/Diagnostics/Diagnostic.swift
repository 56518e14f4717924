/// One problem as data: what kind, what here, where, and what to do about it.
///
/// Warnings travel with success; errors are collected so that people see all of them at once.
public struct Diagnostic: Error, Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable, CaseIterable { case warning, error }

    public var severity: Severity
    /// What kind of problem, lower-case, names quoted, no trailing period: `unknown argument "mod" for "file.managed"`.
    public var summary: String
    /// What was found here and what was expected; may be several lines.
    public var detail: String?
    /// What to do: `did you mean "mode"?`, or the command that cures it.
    public var hint: String?
    /// Where in a file.
    public var mark: Mark?
    /// The host that it is about.
    public var host: String?

    public init(
        _ severity: Severity = .error, _ summary: String, detail: String? = nil, hint: String? = nil,
        mark: Mark? = nil, host: String? = nil
    ) {
        self.severity = severity
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.mark = mark
        self.host = host
    }

    /// An error, the common case.
    public static func error(
        _ summary: String, detail: String? = nil, hint: String? = nil, mark: Mark? = nil, host: String? = nil
    ) -> Diagnostic {
        Diagnostic(.error, summary, detail: detail, hint: hint, mark: mark, host: host)
    }

    /// A warning.
    public static func warning(
        _ summary: String, detail: String? = nil, hint: String? = nil, mark: Mark? = nil, host: String? = nil
    ) -> Diagnostic {
        Diagnostic(.warning, summary, detail: detail, hint: hint, mark: mark, host: host)
    }
}

/// One or more diagnostics thrown together; never empty.
public struct Diagnostics: Error, Sendable, Hashable {
    public let all: [Diagnostic]

    public init(_ first: Diagnostic, _ rest: Diagnostic...) { all = [first] + rest }

    /// Nil when `list` is empty: there is nothing to throw.
    public init?(_ list: [Diagnostic]) {
        guard !list.isEmpty else { return nil }
        all = list
    }
}
