internal import Inventory
package import Values

/// All that was looked at before a migration, and what came of it. Nothing was touched for it.
package struct MigrationReport: Sendable {
    /// One check's outcome.
    package struct Entry: Sendable {
        package let check: String
        package let findings: [Diagnostic]

        /// `ok`, `warning` or `error`.
        package var result: String {
            findings.contains { $0.severity == .error } ? "error" : findings.isEmpty ? "ok" : "warning"
        }
    }

    package let vm: String
    package let from: String
    package let to: String
    package let isLive: Bool
    /// What would be done with each disk, as far as that could be found out.
    package let plan: MigrationPlan?
    package let entries: [Entry]

    package var errors: [Diagnostic] { entries.flatMap(\.findings).filter { $0.severity == .error } }
    package var warnings: [Diagnostic] { entries.flatMap(\.findings).filter { $0.severity == .warning } }
    package var isPossible: Bool { errors.isEmpty }

    package var value: Value {
        Value(
            Mapping([
                ("vm", Value(vm)), ("from", Value(from)), ("to", Value(to)), ("possible", Value(isPossible)),
                ("mode", Value(isLive ? "live" : "offline")),
                ("storage", (plan?.storageName).map { Value($0) } ?? .null),
                ("disks", Value((plan?.disks ?? []).map(\.value))),
                ("checks", Value(entries.flatMap(\.values))),
            ]))
    }
}

extension MigrationReport.Entry {
    /// A row for each finding, and one for a check that found none.
    fileprivate var values: [Value] {
        func row(_ finding: Diagnostic?) -> Value {
            [
                "check": Value(check), "result": Value(finding?.severity.rawValue ?? "ok"),
                "host": finding?.host.map { Value($0) } ?? .null,
                "problem": (finding?.summary).map { Value($0) } ?? .null,
                "detail": finding?.detail.map { Value($0) } ?? .null,
                "cure": finding?.hint.map { Value($0) } ?? .null,
            ]
        }
        return findings.isEmpty ? [row(nil)] : findings.map(row)
    }
}

extension MigrationPlan.Disk {
    fileprivate var value: Value {
        ["disk": Value(target), "path": Value(path), "plan": Value(plan.rawValue), "capacity": Value(Int(capacity))]
    }
}
