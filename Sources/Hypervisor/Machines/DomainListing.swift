internal import CLibvirt

extension HypervisorConnection {
    /// All domains of the host, active or not, sorted by name. One that vanishes meanwhile is left out.
    public func domains() async throws(HypervisorError) -> [DomainSummary] {
        try await call("list domains") { call throws(HypervisorError) in
            let autostarted = try call.uuids(VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
            let persistent = try call.uuids(VIR_CONNECT_LIST_DOMAINS_PERSISTENT)
            let list = try call.eachDomain(flags: 0) { domain throws(HypervisorError) -> DomainSummary? in
                do throws(HypervisorError) {
                    var summary = try call.summary(of: domain)
                    summary.autostart = autostarted.contains(summary.uuid)
                    summary.persistent = persistent.contains(summary.uuid)
                    return summary
                } catch {
                    guard error.code == .noDomain else { throw error }
                    return nil
                }
            }
            return list.sorted { $0.name < $1.name }
        }
    }

    /// One domain; nil when the host has none of that name.
    public func domain(_ reference: DomainReference) async throws(HypervisorError) -> DomainSummary? {
        try await orNil(.noDomain) { () throws(HypervisorError) in
            try await call("look up \(reference)") { call throws(HypervisorError) in
                try call.domain(reference) { domain throws(HypervisorError) in
                    var summary = try call.summary(of: domain)
                    var autostart: Int32 = 0
                    // A transient domain has none.
                    if virDomainGetAutostart(domain, &autostart) == 0 { summary.autostart = autostart != 0 }
                    summary.persistent = try call.check(virDomainIsPersistent(domain)) == 1
                    return summary
                }
            }
        }
    }

    /// The domain of that name; nil when there is none.
    public func domain(named name: String) async throws(HypervisorError) -> DomainSummary? {
        try await domain(.name(name))
    }

    /// The answer, or nil for one kind of error.
    func orNil<Answer>(
        _ code: HypervisorError.Code, _ body: () async throws(HypervisorError) -> Answer
    ) async throws(HypervisorError) -> Answer? {
        do throws(HypervisorError) {
            return try await body()
        } catch {
            guard error.code == code else { throw error }
            return nil
        }
    }
}

extension Call {
    func eachDomain<Answer>(
        flags: UInt32, _ body: (virDomainPtr) throws(HypervisorError) -> Answer?
    ) throws(HypervisorError) -> [Answer] {
        try each({ virConnectListAllDomains(connection, $0, flags) }, release: virDomainFree, body)
    }

    func uuids(_ filter: virConnectListAllDomainsFlags) throws(HypervisorError) -> Set<String> {
        Set(
            try eachDomain(flags: filter.rawValue) { domain throws(HypervisorError) in
                try uuid { virDomainGetUUIDString(domain, $0) }
            })
    }

    fileprivate func summary(of domain: virDomainPtr) throws(HypervisorError) -> DomainSummary {
        try described(domain).summary
    }

    func described(
        _ domain: virDomainPtr
    ) throws(HypervisorError) -> (summary: DomainSummary, description: DomainDescription) {
        let state = try state(of: domain)
        let description = DomainDescription(try document(virDomainGetXMLDesc(domain, 0)))
        let summary = DomainSummary(
            name: description.name, uuid: try uuid { virDomainGetUUIDString(domain, $0) }, state: state,
            cpus: description.cpus, memoryMiB: description.memoryMiB, metadata: description.metadata)
        return (summary, description)
    }

    func state(of domain: virDomainPtr) throws(HypervisorError) -> DomainState {
        var state: Int32 = 0
        var reason: Int32 = 0
        try check(virDomainGetState(domain, &state, &reason, 0))
        return DomainState(state, reason)
    }
}
