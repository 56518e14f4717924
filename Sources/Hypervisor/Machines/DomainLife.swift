internal import CLibvirt

extension HypervisorConnection {
    /// Defines a domain, or changes the definition of the one that has its name and UUID. Returns its UUID.
    @discardableResult
    public func define(xml: String) async throws(HypervisorError) -> String {
        try await call("define a domain") { call throws(HypervisorError) in
            let flags = UInt32(VIR_DOMAIN_DEFINE_VALIDATE.rawValue)
            let domain = try call.require(virDomainDefineXMLFlags(call.connection, xml, flags))
            defer { virDomainFree(domain) }
            return try call.uuid { virDomainGetUUIDString(domain, $0) }
        }
    }

    /// Starts a defined domain; paused, it waits for `resume` before its first instruction.
    public func start(_ domain: DomainReference, paused: Bool = false) async throws(HypervisorError) {
        let flags = paused ? UInt32(VIR_DOMAIN_START_PAUSED.rawValue) : 0
        try await act("start", domain) { virDomainCreateWithFlags($0, flags) }
    }

    /// Asks the guest to shut down; does not wait for it.
    public func shutdown(_ domain: DomainReference) async throws(HypervisorError) {
        guard uri.driver == "lxc" else { return try await act("shut down", domain, virDomainShutdown) }
        // What runs first in a container listens to one or to the other, and libvirt stops at what it could send.
        try await act("shut down", domain) { found in
            virDomainShutdownFlags(found, UInt32(VIR_DOMAIN_SHUTDOWN_INITCTL.rawValue))
            return virDomainShutdownFlags(found, UInt32(VIR_DOMAIN_SHUTDOWN_SIGNAL.rawValue))
        }
    }

    /// Asks the guest to reboot.
    public func reboot(_ domain: DomainReference) async throws(HypervisorError) {
        try await act("reboot", domain) { virDomainReboot($0, 0) }
    }

    /// Presses the reset button.
    public func reset(_ domain: DomainReference) async throws(HypervisorError) {
        try await act("reset", domain) { virDomainReset($0, 0) }
    }

    /// Pulls the plug.
    ///
    /// - Parameter gracefully: fail rather than kill a process that does not end when asked.
    public func destroy(_ domain: DomainReference, gracefully: Bool = false) async throws(HypervisorError) {
        let flags = gracefully ? UInt32(VIR_DOMAIN_DESTROY_GRACEFUL.rawValue) : 0
        try await act("destroy", domain) { virDomainDestroyFlags($0, flags) }
    }

    /// Removes the definition with what libvirt keeps beside it: NVRAM, managed save, snapshot and checkpoint records.
    ///
    /// A running domain goes on without a definition. Volumes stay.
    ///
    /// - Parameters:
    ///   - keepingNVRAM: leave the UEFI variables where they are.
    ///   - keepingTPM: leave the state of an emulated TPM where it is; libvirt before 8.9 removes it all the same.
    public func undefine(
        _ domain: DomainReference, keepingNVRAM: Bool = false, keepingTPM: Bool = false
    ) async throws(HypervisorError) {
        let nvram = keepingNVRAM ? VIR_DOMAIN_UNDEFINE_KEEP_NVRAM : VIR_DOMAIN_UNDEFINE_NVRAM
        let flags =
            nvram.rawValue | VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue
            | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA.rawValue
        let most = flags | (keepingTPM ? VIR_DOMAIN_UNDEFINE_KEEP_TPM.rawValue : 0)
        // A driver without NVRAM or checkpoints knows fewer flags.
        let fewer = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue
        try await act("undefine", domain) { found in
            for known in [most, flags, fewer] {
                if virDomainUndefineFlags(found, known) == 0 { return 0 }
                guard virGetLastError()?.pointee.code == Int32(VIR_ERR_INVALID_ARG.rawValue) else { return -1 }
            }
            return virDomainUndefineFlags(found, 0)
        }
    }

    /// Stops the guest's processors.
    public func suspend(_ domain: DomainReference) async throws(HypervisorError) {
        try await act("pause", domain, virDomainSuspend)
    }

    /// Lets the guest's processors run again.
    public func resume(_ domain: DomainReference) async throws(HypervisorError) {
        try await act("resume", domain, virDomainResume)
    }

    /// Whether the domain starts with its host.
    public func setAutostart(_ domain: DomainReference, _ autostart: Bool) async throws(HypervisorError) {
        try await act("set autostart of", domain) { virDomainSetAutostart($0, autostart ? 1 : 0) }
    }

    /// Gives a domain that is shut off another name.
    public func rename(_ domain: DomainReference, to name: String) async throws(HypervisorError) {
        try await act("rename", domain) { virDomainRename($0, name, 0) }
    }

    /// What the domain is doing, and why.
    public func state(_ domain: DomainReference) async throws(HypervisorError) -> DomainState {
        try await call("ask for the state of \(domain)") { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in try call.state(of: found) }
        }
    }

    /// A call on one domain whose answer is only success or failure.
    func act(
        _ verb: String, _ domain: DomainReference, _ body: @escaping @Sendable (virDomainPtr?) -> Int32
    ) async throws(HypervisorError) {
        try await call("\(verb) \(domain)") { call throws(HypervisorError) -> Void in
            try call.domain(domain) { found throws(HypervisorError) in _ = try call.check(body(found)) }
        }
    }

    /// As `act`, but without waiting for the calls before it: a slow answer must not hold up an abort.
    func actAtOnce(
        _ verb: String, _ domain: DomainReference, _ body: @escaping @Sendable (virDomainPtr?) -> Int32
    ) async throws(HypervisorError) {
        try await longCall("\(verb) \(domain)") { call throws(HypervisorError) -> Void in
            try call.domain(domain) { found throws(HypervisorError) in _ = try call.check(body(found)) }
        }
    }
}
