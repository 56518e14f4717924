internal import Hypervisor
internal import Inventory
internal import Values

/// The processor that a new VM is to see.
struct FleetProcessor {
    let context: FleetContext
    let driver: any HypervisorDriver

    /// - Parameters:
    ///   - hosts: all hypervisors; each that has KVM has a say in what the fleet can give.
    ///   - silent: those that are known not to answer.
    ///   - connection: to the VM's host.
    /// - Returns: it, and what its user should know of it.
    func choose(
        _ choice: CPUChoice, accelerator: DomainSpec.Accelerator, machine: String?, on host: Host, of hosts: [Host],
        silent: Set<String> = [], over connection: HypervisorConnection
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
            let models = await models(of: others.filter { !silent.contains($0.name) }, kind)
            let told = models.compactMap { said in said.map { (host: $0.host, model: $0.model) } }
            let (cpu, warnings) = try await Self.common(own, told, kind: kind, host: host.name, over: connection)
            let silent = Set(others.map(\.name)).subtracting(told.map(\.host))
            return (cpu, warnings + Self.warning(silent: silent, host: host.name))
        }
    }

    /// What a host said that it can give: no model where there is no KVM.
    private struct Said: Sendable {
        let host: String
        let model: XMLElement?
    }

    /// - Returns: nil for a host that does not say.
    private func models(of hosts: [Host], _ kind: GuestKind) async -> [Said?] {
        await fanOut(hosts, limit: context.parallel) { host in
            await within(context.timeout) { await model(of: host, kind) } ?? nil
        }
    }

    private func model(of host: Host, _ kind: GuestKind) async -> Said? {
        guard let connection = try? await driver.connect(to: host) else { return nil }
        do throws(HypervisorError) {
            let model = try await connection.hostModel(for: kind)
            await connection.close()
            return Said(host: host.name, model: model)
        } catch {
            await connection.close()
            return nil
        }
    }

    /// What is missing from the baseline may be less than what the VM was given.
    static func warning(silent: Set<String>, host: String) -> [Diagnostic] {
        guard !silent.isEmpty else { return [] }
        return [
            .warning(
                "the VM may be unable to move live to \(silent.sorted().joined(separator: ", "))",
                detail: "what its processor is was not learnt, so it had no say in the VM's",
                hint: "`--cpu MODEL` chooses one that it can give too", host: host)
        ]
    }

    /// What `own` and the others have in common.
    static func common(
        _ own: XMLElement, _ others: [(host: String, model: XMLElement?)], kind: GuestKind, host: String,
        over connection: HypervisorConnection
    ) async throws(HypervisorError) -> (DomainSpec.CPU, [Diagnostic]) {
        let (alike, strangers) = sorted(others, by: own)
        var warnings: [Diagnostic] = []
        if !strangers.isEmpty {
            warnings.append(
                .warning(
                    "the VM cannot move live to \(strangers.joined(separator: ", "))",
                    detail: "its processor is another maker's", host: host))
        }
        var element = own
        do throws(HypervisorError) {
            if !alike.isEmpty { element = try await connection.baseline(of: [own] + alike, for: kind) }
        } catch {
            guard !error.isConnectionLoss else { throw error }
            warnings.append(
                .warning(
                    "no processor is common to all hosts: the VM gets that of its own", detail: error.message,
                    hint: "`--cpu MODEL` chooses one that others can give too", host: host))
        }
        element[attribute: "check"] = "partial"
        return (.element(element), warnings)
    }

    /// A VM cannot move live between makers: the models of the same one count, of the others the hosts' names are said.
    static func sorted(
        _ others: [(host: String, model: XMLElement?)], by own: XMLElement
    ) -> (alike: [XMLElement], strangers: [String]) {
        let vendor = own.first("vendor")?.text
        var (alike, strangers): ([XMLElement], [String]) = ([], [])
        for (host, model) in others {
            guard let model else { continue }
            if model.first("vendor")?.text == vendor { alike.append(model) } else { strangers.append(host) }
        }
        return (alike, strangers.sorted())
    }
}
