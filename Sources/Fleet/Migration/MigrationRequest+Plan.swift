internal import Hypervisor
internal import Inventory
internal import Values

extension MigrationPlan {
    /// The disks that libvirt copies while the guest runs.
    var copiedTargets: [String] {
        disks.filter(\.isMirrored).map(\.target)
    }
}

extension MigrationRequest {
    /// What libvirt is asked for. The certificate that the destination shows names the inventory's address, whatever network
    /// the data take.
    init(
        _ plan: MigrationPlan, _ transfer: MigrationTransfer, _ options: MigrationOptions
    ) throws(HypervisorError) {
        let address = plan.destination.address
        let data = try MigrationRequest.dataURI(address: transfer.address)
        let share = options.bandwidth.map { BandwidthShare(bandwidth: $0, disks: plan.copiedTargets.count) }
        self.init(
            destinationURI: try .tls(address: address, pkiDirectory: nil), migrateURI: data,
            disksURI: options.via == nil ? nil : data, listenAddress: options.via == nil ? nil : transfer.address,
            tlsDestination: options.plain ? nil : address, storage: plan.storage, migrateDisks: plan.copiedTargets,
            tls: !options.plain, paused: options.arrivesPaused, compression: transfer.streams.compression,
            postcopy: options.ifStuck == .postcopy, parallelConnections: transfer.streams.connections,
            bandwidthMiB: share.map { UInt64($0.initial) })
    }
}

extension MigrationOptions {
    /// What the user is told that he takes upon himself.
    func risks(of plan: MigrationPlan) -> [Diagnostic] {
        var risks: [Diagnostic] = []
        if !arrivesPaused {
            let why = fastSwitchover ? "--fast-switchover" : "--if-stuck postcopy"
            risks.append(
                .warning(
                    "with \(why) \"\(plan.vm)\" can come to run on both hosts",
                    detail: "if \(plan.destination.name)'s answers are lost at the switch-over, libvirt has it run on "
                        + "\(plan.source.name) again, while it runs on \(plan.destination.name) already"))
        }
        if ifStuck == .postcopy {
            risks.append(
                .warning(
                    "once \"\(plan.vm)\" fetches its memory it stands still when the link breaks, and is lost when a host "
                        + "fails", hint: "--if-stuck pause has it stand still for longer, but loses nothing"))
        }
        return risks
    }
}
