package import Hypervisor
internal import Inventory
package import Values

/// How a migration ended, and what it cost.
package struct MigrationOutcome: Sendable {
    /// What moved, from where to where.
    package struct Subject: Sendable {
        package let vm: String
        package let from: String
        package let to: String
        /// `live` or `offline`.
        package var mode = "live"
        /// `shared`, `copied` or `overlay`.
        package let storage: String
    }

    package let subject: Subject
    package let operation: String
    package let isMigrated: Bool
    /// Why it is not known whether it is: exit code 5.
    package let unknown: Diagnostic?
    /// What libvirt reported if the call failed, or why the migration was called off.
    package let problem: String?
    package let seconds: Double
    /// From the source's suspended event to the destination's resumed event, on the controller's clock.
    package let downtimeMilliseconds: Int?
    /// libvirt's own final figures.
    package let job: JobProgress?
    /// Bytes of disk that were copied or brought over.
    package let diskBytes: UInt64

    /// Stable API: programs read these keys.
    package var value: Value {
        Value(
            Mapping([
                ("vm", Value(subject.vm)), ("from", Value(subject.from)), ("to", Value(subject.to)),
                ("result", Value(unknown != nil ? "unknown" : isMigrated ? "migrated" : "not-migrated")),
                ("seconds", Value((seconds * 1000).rounded() / 1000)),
                ("downtime_ms", downtimeMilliseconds.map { Value($0) } ?? .null),
                ("libvirt_downtime_ms", job?.downtime.map { Value(Int(clamping: $0)) } ?? .null),
                ("memory_bytes", Value(Int(clamping: job?.memory.processed ?? 0))),
                ("disk_bytes", Value(Int(clamping: diskBytes))), ("mode", Value(subject.mode)),
                ("storage", Value(subject.storage)), ("operation", Value(operation)),
                ("problem", problem.map { Value($0) } ?? .null),
            ]))
    }
}

/// The user let go of a migration that goes on by itself: exit code 6.
package struct MigrationDetached: Error, Sendable {
    package let operation: String
}

/// It is not known where the VM runs, or what to do needs a person: exit code 5.
package struct MigrationUnknown: Error, Sendable {
    package let diagnostic: Diagnostic
}
