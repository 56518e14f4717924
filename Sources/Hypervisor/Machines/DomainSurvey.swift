internal import CLibvirt

/// One domain with what a list of machines shows of it.
public struct DomainSurvey: Sendable, Hashable {
    public var summary: DomainSummary
    public var description: DomainDescription
    /// How many snapshots it has; nil where the driver has none.
    public var snapshots: Int?
    /// What the host's leases and neighbour table say; empty while it is off.
    public var addresses: [DomainAddress]
}

extension HypervisorConnection {
    /// All domains of the host with their definitions and addresses, sorted by name, in one turn on the connection.
    ///
    /// Nothing here waits for a guest.
    public func survey() async throws(HypervisorError) -> [DomainSurvey] {
        try await call("look at all domains") { call throws(HypervisorError) in
            let autostarted = try call.uuids(VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
            let persistent = try call.uuids(VIR_CONNECT_LIST_DOMAINS_PERSISTENT)
            let list = try call.eachDomain(flags: 0) { domain throws(HypervisorError) -> DomainSurvey? in
                do throws(HypervisorError) {
                    var survey = try call.survey(of: domain)
                    survey.summary.autostart = autostarted.contains(survey.summary.uuid)
                    survey.summary.persistent = persistent.contains(survey.summary.uuid)
                    return survey
                } catch {
                    // One that vanished meanwhile is left out.
                    guard error.code == .noDomain else { throw error }
                    return nil
                }
            }
            return list.sorted { $0.summary.name < $1.summary.name }
        }
    }
}

extension Call {
    fileprivate func survey(of domain: virDomainPtr) throws(HypervisorError) -> DomainSurvey {
        let (summary, description) = try described(domain)
        let snapshots = virDomainSnapshotNum(domain, 0)
        var addresses: [DomainAddress] = []
        if summary.state.isActive {
            let isLeased = description.interfaces.contains { $0.type == "network" }
            for source in isLeased ? [DomainAddress.Source.lease, .arp] : [.arp] {
                addresses += (try? interfaces(of: domain, source: source)) ?? []
            }
        }
        return DomainSurvey(
            summary: summary, description: description, snapshots: snapshots < 0 ? nil : Int(snapshots),
            addresses: addresses)
    }
}
