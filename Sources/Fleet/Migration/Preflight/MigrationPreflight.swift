internal import Hypervisor
internal import Inventory
internal import Values

/// Looks at both hosts and decides what each disk needs; everything that would stop the migration is found at once.
struct MigrationPreflight: Sendable {
    let hosts: MigrationHosts
    let machine: DomainSummary
    /// The controller's images, any of which can be brought to the destination.
    let images: [StoredImage]
    var options = MigrationOptions()

    /// - Throws: `Diagnostics` with every reason against it, ``HostProblem`` when a host stops answering.
    func plan(warn: (Diagnostic) -> Void = { _ in }) async throws -> MigrationPlan {
        let report = try await report()
        if let found = Diagnostics(report.errors) { throw found }
        guard let plan = report.plan else { throw Diagnostics(.error("the disks could not be looked at")) }
        report.warnings.forEach(warn)
        return plan
    }

    /// - Throws: ``HostProblem`` when a host stops answering.
    func report() async throws -> MigrationReport {
        let survey = try await MigrationSurveying(hosts: hosts, machine: machine, options: options).take()
        var planning = DiskMovePlanning(
            hosts: hosts, images: images, guest: survey.guest, isLive: survey.isLive)
        let disks = try await planning.plan()
        var plan = MigrationPlan(
            mode: survey.isLive ? .live : .offline, vm: machine.name, uuid: machine.uuid, source: hosts.source.host,
            destination: hosts.destination.host,
            disks: disks, files: planning.files, pools: planning.pools, memoryMiB: machine.memoryMiB,
            autostart: machine.autostart)
        plan.transfer = try? MigrationTransfer(survey)
        let checks = MigrationCheck.all.filter { survey.isLive || !$0.isForLive }
        let entries = checks.map { MigrationReport.Entry(check: $0.name, findings: $0.findings(survey)) }
        return MigrationReport(
            vm: machine.name, from: hosts.source.host.name, to: hosts.destination.host.name, isLive: survey.isLive,
            plan: plan, entries: entries + [.init(check: "disks", findings: planning.problems)])
    }
}
