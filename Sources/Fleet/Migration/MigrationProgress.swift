package import Values

/// What is on the way to be told while a migration goes on.
package enum MigrationProgress: Sendable {
    case step(String)
    case copying(MigrationFigures)
    case warning(Diagnostic)
}

extension MigrationProgress {
    /// One line for programs that follow a migration: stable API.
    /// - Parameter vm: whose it is.
    package func value(of vm: String) -> Value {
        var fields = Mapping([("vm", Value(vm))])
        switch self {
        case .step(let words): fields["step"] = Value(words)
        case .copying(let figures): for (key, value) in figures.fields { fields[key] = value }
        case .warning(let diagnostic): fields["warning"] = Value(diagnostic.summary)
        }
        return ["progress": Value(fields)]
    }
}
