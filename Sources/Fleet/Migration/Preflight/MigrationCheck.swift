internal import Values

/// One thing that is looked at before a migration. Pure: it judges a ``MigrationSurvey``.
struct MigrationCheck: Sendable {
    /// As the report calls it.
    let name: String
    /// Whether only a guest that runs needs it.
    var isForLive = false
    /// What stands against it, or what its user should know.
    let findings: @Sendable (MigrationSurvey) -> [Diagnostic]

    /// All, in the order of the report.
    static let all: [MigrationCheck] = [
        MigrationCheck(name: "guest", findings: GuestChecks.guest),
        MigrationCheck(name: "snapshots", isForLive: true, findings: GuestChecks.snapshots),
        MigrationCheck(name: "host devices", findings: GuestChecks.hostDevices),
        MigrationCheck(name: "name and UUID", findings: HostChecks.namesake),
        MigrationCheck(name: "host UUIDs", findings: HostChecks.identity),
        MigrationCheck(name: "clocks", findings: HostChecks.clocks),
        MigrationCheck(name: "versions", findings: HostChecks.versions),
        MigrationCheck(name: "machine type", findings: HardwareChecks.machineType),
        MigrationCheck(name: "emulator", findings: HardwareChecks.emulator),
        MigrationCheck(name: "processor", findings: HardwareChecks.processor),
        MigrationCheck(name: "memory", findings: HardwareChecks.memory),
        MigrationCheck(name: "display", isForLive: true, findings: HardwareChecks.display),
        MigrationCheck(name: "networks", findings: NetworkChecks.networks),
        MigrationCheck(name: "names", findings: NetworkChecks.names),
        MigrationCheck(name: "libvirt's port", findings: NetworkChecks.control),
        MigrationCheck(name: "data streams", isForLive: true, findings: MigrationTransfer.findings),
        MigrationCheck(name: "data ports", isForLive: true, findings: NetworkChecks.data),
        MigrationCheck(name: "certificates", isForLive: true, findings: CertificateChecks.data),
    ]
}
