package import Hypervisor
internal import Inventory
package import Values

/// How a migration ended, and what it cost.
package struct MigrationOutcome: Sendable {
    package let plan: MigrationPlan
    package let operation: String
    package let isMigrated: Bool
    /// Why it is not known whether it is: exit code 5.
    package let unknown: Diagnostic?
    /// What libvirt reported, if the call failed.
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
                ("vm", Value(plan.vm)), ("from", Value(plan.source.name)), ("to", Value(plan.destination.name)),
                ("result", Value(unknown != nil ? "unknown" : isMigrated ? "migrated" : "not-migrated")),
                ("seconds", Value((seconds * 1000).rounded() / 1000)),
                ("downtime_ms", downtimeMilliseconds.map { Value($0) } ?? .null),
                ("libvirt_downtime_ms", job?.downtime.map { Value(Int($0)) } ?? .null),
                ("memory_bytes", Value(Int(job?.memory.processed ?? 0))),
                ("disk_bytes", Value(Int(diskBytes))), ("mode", Value(plan.mode.rawValue)),
                ("storage", Value(plan.storageName)), ("operation", Value(operation)),
                ("problem", problem.map { Value($0) } ?? .null),
            ]))
    }
}

/// The user let go of a migration that goes on by itself: exit code 6.
package struct MigrationDetached: Error, Sendable {}

/// It is not known where the VM runs, or what to do needs a person: exit code 5.
package struct MigrationUnknown: Error, Sendable {
    package let diagnostic: Diagnostic
}
