internal import CLibvirt

extension HypervisorConnection {
    /// Writes the guest's memory to its host's disk and stops it; its next start goes on from there.
    ///
    /// - Parameter paused: let it wait for `resume` then; nil: as it was.
    public func save(_ domain: DomainReference, paused: Bool? = nil) async throws(HypervisorError) {
        let flags = paused.map { ($0 ? VIR_DOMAIN_SAVE_PAUSED : VIR_DOMAIN_SAVE_RUNNING).rawValue } ?? 0
        try await actAtOnce("save", domain) { virDomainManagedSave($0, flags) }
    }

    /// Whether the next start goes on from a saved memory.
    public func isSaved(_ domain: DomainReference) async throws(HypervisorError) -> Bool {
        try await call("ask for the saved state of \(domain)") { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                try call.check(virDomainHasManagedSaveImage(found, 0)) == 1
            }
        }
    }

    /// Throws the saved memory away: the next start is a cold one.
    public func discardSaved(_ domain: DomainReference) async throws(HypervisorError) {
        try await act("discard the saved state of", domain) { virDomainManagedSaveRemove($0, 0) }
    }

    /// Asks the guest to reboot in one way alone; see `reboot(_:)`.
    public func reboot(_ domain: DomainReference, by way: GuestRequest) async throws(HypervisorError) {
        let flag = way == .agent ? VIR_DOMAIN_REBOOT_GUEST_AGENT : VIR_DOMAIN_REBOOT_ACPI_POWER_BTN
        try await actAtOnce("reboot", domain) { virDomainReboot($0, flag.rawValue) }
    }

    /// Seconds that a guest's agent gets to freeze its file systems, or to thaw them. Without a limit, one that hangs in
    /// there is waited for without end.
    private static let agentPatience: Int32 = 30

    /// Has the guest's agent stop all writing to its file systems. One that does not in time is asked to let it be.
    public func freeze(_ domain: DomainReference) async throws(HypervisorError) {
        do throws(HypervisorError) {
            try await actAtOnce("freeze the file systems of", domain) {
                // A driver without it has no agents that could hang.
                virDomainAgentSetResponseTimeout($0, Self.agentPatience, 0)
                return virDomainFSFreeze($0, nil, 0, 0)
            }
        } catch {
            if error.code == .agentUnresponsive { try? await thaw(domain) }
            throw error
        }
    }

    /// Lets a frozen guest write again.
    public func thaw(_ domain: DomainReference) async throws(HypervisorError) {
        try await actAtOnce("thaw the file systems of", domain) {
            virDomainAgentSetResponseTimeout($0, Self.agentPatience, 0)
            return virDomainFSThaw($0, nil, 0, 0)
        }
    }
}

/// How a guest is asked for something.
public enum GuestRequest: Sendable, Hashable {
    /// Its agent does it.
    case agent
    /// The power button is pressed.
    case powerButton
}
