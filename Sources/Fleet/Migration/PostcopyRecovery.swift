internal import Hypervisor
internal import Inventory
internal import Values

/// Goes on with a post-copy migration whose connection broke: each host has a part of the guest's memory, and neither may
/// be ended. libvirt takes it up again where it stood.
struct PostcopyRecovery: Sendable {
    let hosts: MigrationHosts
    let uuid: String
    let log: OperationLog

    /// Until the guest has all of its memory at the destination.
    /// - Throws: `HypervisorError` with libvirt's reason, `Diagnostics` for a torn journal.
    func run() async throws {
        guard let record = log.folder.read(log.id) else {
            throw Diagnostics(.error("the journal of \(log.id) is gone"))
        }
        let request = try Self.request(try MigrationRecord(record), to: hosts.destination.host)
        try log.record("resuming-postcopy")
        try await hosts.source.hypervisor.migrate(.uuid(uuid), request)
    }

    /// As it was begun, without what is there already.
    static func request(
        _ known: MigrationRecord, to destination: Host
    ) throws(HypervisorError) -> MigrationRequest {
        let data = try MigrationRequest.dataURI(address: known.data ?? destination.address)
        return MigrationRequest(
            destinationURI: try .tls(address: destination.address, pkiDirectory: nil), migrateURI: data,
            listenAddress: known.options.via == nil ? nil : known.data,
            tlsDestination: known.options.plain ? nil : destination.address, tls: !known.options.plain, paused: false,
            abortOnError: false, autoConverge: false, resumingPostcopy: true)
    }
}
