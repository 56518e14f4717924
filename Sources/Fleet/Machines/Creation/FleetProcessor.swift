internal import Hypervisor
internal import Inventory
internal import Values

/// The processor that a new VM is to see.
struct FleetProcessor {
    let context: FleetContext
    let driver: any HypervisorDriver

    /// - Parameters:
    ///   - hosts: those that answered; each that has KVM has a say in what the fleet can give.
    ///   - connection: to the VM's host.
    /// - Returns: it, and what its user should know of it.
    func choose(
        _ choice: CPUChoice, accelerator: DomainSpec.Accelerator, machine: String?, on host: Host, of hosts: [Host],
        over connection: HypervisorConnection
    ) async throws(HypervisorError) -> (DomainSpec.CPU, [Diagnostic]) {
        switch (choice, accelerator) {
        case (.model(let name), _): return (.model(name), [])
        case (.host, .kvm): return (.hostPassthrough, [])
        // An emulator has no host's processor to pass on: all that it can do is the nearest.
        case (.host, .emulation):
            return (.element(XMLElement("cpu", ["mode": "maximum", "check": "none"])), [])
        case (.fleet, .emulation): return (.standard, [])
        case (.fleet, .kvm):
            let kind = GuestKind(accelerator: .kvm, machine: machine)
            guard let own = try await connection.hostModel(for: kind) else { return (.standard, []) }
            let others = hosts.filter { $0.name != host.name && $0.isHypervisor }
            let models = await fanOut(others, limit: context.parallel) { other in
                (other.name, await model(of: other, kind))
            }
            return try await Self.common(own, models, kind: kind, host: host.name, over: connection)
        }
    }

    private func model(of host: Host, _ kind: GuestKind) async -> XMLElement? {
        guard let connection = try? await driver.connect(to: host) else { return nil }
        let model = try? await connection.hostModel(for: kind)
        await connection.close()
        return model
    }

    /// What `own` and the others have in common. A VM cannot move live between makers: theirs are left out.
    static func common(
        _ own: XMLElement, _ others: [(host: String, model: XMLElement?)], kind: GuestKind, host: String,
        over connection: HypervisorConnection
    ) async throws(HypervisorError) -> (DomainSpec.CPU, [Diagnostic]) {
        let vendor = own.first("vendor")?.text
        let known = others.compactMap { other in other.model.map { (host: other.host, model: $0) } }
        let alike = known.filter { $0.model.first("vendor")?.text == vendor }
        let strangers = known.map(\.host).filter { name in !alike.contains { $0.host == name } }.sorted()
        var warnings: [Diagnostic] = []
        if !strangers.isEmpty {
            warnings.append(
                .warning(
                    "the VM cannot move live to \(strangers.joined(separator: ", "))",
                    detail: "its processor is another maker's", host: host))
        }
        var element = try await connection.baseline(of: [own] + alike.map(\.model), for: kind)
        element[attribute: "check"] = "partial"
        return (.element(element), warnings)
    }
}
