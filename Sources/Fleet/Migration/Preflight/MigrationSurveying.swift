internal import Hypervisor
internal import Inventory
internal import Values

/// Asks both hosts of a migration for all that is judged beforehand: at once where one answer does not need another.
struct MigrationSurveying: Sendable {
    let hosts: MigrationHosts
    let machine: DomainSummary
    let options: MigrationOptions

    private var source: MigrationHosts.Side { hosts.source }
    private var destination: MigrationHosts.Side { hosts.destination }
    private var isLive: Bool { machine.state.isActive }

    /// - Throws: ``HostProblem`` when a host stops answering.
    func take() async throws -> MigrationSurvey {
        async let theirInfo = info(of: destination)
        async let namesake = namesake()
        async let job = hasJob()
        async let snapshots = snapshots()
        let guest = try await source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.description(of: .uuid(machine.uuid))
        }
        async let processor = processor(of: guest)
        async let networks = networks(for: guest)
        async let ways = look(guest)
        let ownInfo = try await info(of: source)
        let (looks, reaches) = try await ways
        return MigrationSurvey(
            machine: machine, guest: guest, source: source.host, destination: destination.host, options: options,
            snapshots: try await snapshots, hasJob: try await job, sourceInfo: ownInfo,
            destinationInfo: try await theirInfo, sourceLook: looks.source, destinationLook: looks.destination,
            toDestination: reaches.there, toSource: reaches.back, namesake: try await namesake,
            networks: try await networks, processor: try await processor)
    }

    private func info(of side: MigrationHosts.Side) async throws(HostProblem) -> HostInfo {
        try await side.ask { hypervisor throws(HypervisorError) in try await hypervisor.hostInfo() }
    }

    private func namesake() async throws(HostProblem) -> DomainSummary? {
        try await destination.ask { hypervisor throws(HypervisorError) in
            if let same = try await hypervisor.domain(.uuid(machine.uuid)) { return same }
            return try await hypervisor.domain(.name(machine.name))
        }
    }

    private func hasJob() async throws(HostProblem) -> Bool {
        guard isLive else { return false }
        return try await source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.jobStats(.uuid(machine.uuid)).isActive
        }
    }

    private func snapshots() async throws(HostProblem) -> [String] {
        try await source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.snapshots(of: .uuid(machine.uuid)).map(\.name)
        }
    }

    private func networks(for guest: DomainDescription) async throws(HostProblem) -> [String: Bool] {
        guard guest.interfaces.contains(where: { $0.type == "network" }) else { return [:] }
        let list = try await destination.ask { hypervisor throws(HypervisorError) in try await hypervisor.networks() }
        return Dictionary(list.map { ($0.name, $0.isActive) }) { first, _ in first }
    }

    /// What the guest sees is compared; one that sees its host's processor as it is has the host's compared.
    private func processor(of guest: DomainDescription) async throws(HostProblem) -> MigrationSurvey.ProcessorAnswer {
        guard var seen = guest.cpu else { return .fits(.identical) }
        let kind = GuestKind(
            accelerator: guest.type == "kvm" ? .kvm : .emulation, architecture: guest.architecture,
            machine: guest.machine, emulator: guest.emulator)
        if seen[attribute: "mode"] == "host-passthrough" {
            // One that is off will see the destination's at its next start.
            guard isLive else { return .fits(.identical) }
            let own = try await source.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.hostModel(for: kind)
            }
            guard let own else { return .unknown("the source does not say what its processor is") }
            seen = own
        }
        // Without a model it is the emulator's own, which the machine type stands for.
        guard seen.first("model") != nil else { return .fits(.identical) }
        do throws(HypervisorError) {
            return .fits(try await destination.hypervisor.fit(of: seen, for: kind, namingWhatLacks: true))
        } catch {
            guard !error.isConnectionLoss else { throw HostProblem(error, host: destination.host.name) }
            return error.code == .incompatibleProcessor ? .lacks(error.message) : .unknown(error.message)
        }
    }

    private func look(
        _ guest: DomainDescription
    ) async throws(HostProblem) -> (
        (source: HostLook, destination: HostLook), (there: HostReach, back: HostReach)
    ) {
        let (from, to) = (source.host.address, destination.host.address)
        let network = options.via.map { DataNetwork($0) }
        let (here, there) = try await both(
            { () throws(HostProblem) in
                try await look(at: source, asking: ([to] + names(of: network)).map(HostLook.Question.resolve))
            },
            { () throws(HostProblem) in try await look(at: destination, asking: questions(guest) + [.resolve(from)]) })
        let address = (try? network?.address(of: destination.host, having: there.addresses)) ?? to
        let (way, back) = try await both(
            { () throws(HostProblem) in
                try await reach(destination, from: source, data: there.openedPort.map { (address, $0) })
            },
            { () throws(HostProblem) in try await reach(source, from: destination, data: nil) })
        return ((here, there), (way, back))
    }

    private func both<Answer: Sendable>(
        _ first: @Sendable () async throws(HostProblem) -> Answer,
        _ second: @Sendable () async throws(HostProblem) -> Answer
    ) async throws(HostProblem) -> (Answer, Answer) {
        async let other = outcome(second)
        let own = await outcome(first)
        return (try own.get(), try await other.get())
    }

    private func outcome<Answer: Sendable>(
        _ body: @Sendable () async throws(HostProblem) -> Answer
    ) async -> Result<Answer, HostProblem> {
        do throws(HostProblem) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    /// The name, if it is one, that the inventory gives the destination in the network of the data.
    private func names(of network: DataNetwork?) -> [String] {
        network?.named(by: destination.host).map { [$0] } ?? []
    }

    private func questions(_ guest: DomainDescription) -> [HostLook.Question] {
        let cards = guest.interfaces.compactMap { card -> HostLook.Question? in
            guard let source = card.source else { return nil }
            switch card.type {
            case "bridge" where card.virtualPort == "openvswitch": return .openvswitch(source)
            case "bridge": return .bridge(source)
            case "direct": return .link(source)
            default: return nil
            }
        }
        let programs = [guest.emulator, guest.hasEmulatedTPM ? "swtpm" : nil]
        let loader: HostLook.Question? =
            guest.firmware.map { .file($0) } ?? (guest.choosesFirmware ? .firmware : nil)
        return cards + programs.compactMap { $0.map(HostLook.Question.program) } + [loader].compactMap { $0 }
            + (isLive ? [.listen] : [])
    }

    private func look(
        at side: MigrationHosts.Side, asking questions: [HostLook.Question]
    ) async throws(HostProblem) -> HostLook {
        let text = try await side.run(
            Self.lookScript, arguments: questions.map(\.word), doing: "look at what a migration needs")
        return HostLook(text, questions: questions, at: Double(Clock.milliseconds) / 1000)
    }

    private func reach(
        _ there: MigrationHosts.Side, from here: MigrationHosts.Side, data place: (address: String, port: Int)?
    ) async throws(HostProblem) -> HostReach {
        let (uri, data): (String, String)
        do throws(HypervisorError) {
            uri = try HypervisorURI.tls(address: there.host.address, pkiDirectory: nil).text
            let address = try place.map { place throws(HypervisorError) in
                try MigrationRequest.dataURI(address: place.address, port: place.port)
            }
            data = address.map { "qemu+" + $0 + "/system" } ?? ""
        } catch {
            throw HostProblem(error, host: there.host.name)
        }
        return HostReach(
            try await here.run(
                Self.reachScript, [("uri", uri), ("data", data)], doing: "try to reach \(there.host.name)"))
    }

    private static let lookScript = String(decoding: PackageResources.migration_look_sh, as: UTF8.self)
    private static let reachScript = String(decoding: PackageResources.migration_reach_sh, as: UTF8.self)
}
