internal import Values

/// What was fetched is itself the reason why it is not taken: fetched once more it would be the same. All else, such as a
/// full disk or a missing tool, may be mended, and the file then used.
struct UnusableContent: Error {
    let reason: Diagnostic

    /// Takes a diagnostic of `judge` for such a reason.
    static func refused<Answer>(by judge: () throws -> Answer) throws -> Answer {
        do {
            return try judge()
        } catch let reason as Diagnostic {
            throw UnusableContent(reason: reason)
        }
    }
}
