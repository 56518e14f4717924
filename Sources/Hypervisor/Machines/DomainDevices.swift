internal import CLibvirt

extension HypervisorConnection {
    /// Adds a device, given as its XML, to the running guest, its definition, or both at once.
    public func attach(
        _ device: XMLElement, to domain: DomainReference, _ impact: DomainImpact
    ) async throws(HypervisorError) {
        let xml = try text(device, "add a device to \(domain)")
        try await actAtOnce("add a device to", domain) { virDomainAttachDeviceFlags($0, xml, impact.rawValue) }
    }

    /// Asks for a device to be taken away. A running guest has to let go of it: it is gone when the definition of the
    /// running domain no longer has it, which may be never.
    public func detach(
        _ device: XMLElement, from domain: DomainReference, _ impact: DomainImpact
    ) async throws(HypervisorError) {
        let xml = try text(device, "remove a device from \(domain)")
        try await actAtOnce("remove a device from", domain) { virDomainDetachDeviceFlags($0, xml, impact.rawValue) }
    }

    /// Changes what may be changed of a device in its place, such as the medium of a drive.
    public func update(
        _ device: XMLElement, of domain: DomainReference, _ impact: DomainImpact
    ) async throws(HypervisorError) {
        let xml = try text(device, "change a device of \(domain)")
        try await actAtOnce("change a device of", domain) { virDomainUpdateDeviceFlags($0, xml, impact.rawValue) }
    }

    private func text(_ device: XMLElement, _ operation: String) throws(HypervisorError) -> String {
        do {
            return try device.written()
        } catch {
            throw .invalid(operation, error.message)
        }
    }
}
