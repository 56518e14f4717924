internal import Hypervisor
package import Inventory
internal import Values

/// Wakes a sleeping host over the network: from this machine's links, and from hosts that share a link with it.
package struct HostWaking: Sendable {
    package struct Outcome: Sendable {
        package let host: String
        package let addresses: [String]
        /// Who sent it: `controller`, and hosts.
        package let senders: [String]
        /// Whether it answered in the time given; nil when it was not waited for.
        package let isAwake: Bool?
    }

    private let context: FleetContext
    private static let mostNeighbours = 3

    package init(_ context: FleetContext) { self.context = context }

    /// - Parameters:
    ///   - neighbours: hosts that send too; nil: those whose facts show an address beside the sleeper's.
    ///   - patience: how many seconds it may take to answer; nil: it is not waited for.
    /// - Throws: `Diagnostics` when its MAC address is not known or nobody could send.
    package func wake(_ host: Host, by neighbours: [Host]?, patience: Int?) async throws -> Outcome {
        let facts = FactCache(context.directory).readAll()
        let macs = try Self.addresses(of: host, facts: facts[host.name])
        let near =
            neighbours
            ?? context.inventory.hosts.filter { other in
                other.name != host.name && Self.isNear(host.address, facts[other.name])
            }
        var senders: [String] = []
        var problems: [Diagnostic] = []
        do throws(Diagnostics) {
            var links = 0
            for mac in macs { links += try MagicPacket(mac).broadcast() }
            if links > 0 { senders.append("controller") }
        } catch {
            problems += error.all
        }
        let asked = Array(near.prefix(neighbours == nil ? Self.mostNeighbours : near.count))
        let ends = await fanOut(asked, limit: context.parallel) { await send(macs, to: host.address, from: $0) }
        for (neighbour, problem) in zip(asked, ends) {
            if let problem { problems.append(problem.diagnostic) } else { senders.append(neighbour.name) }
        }
        guard !senders.isEmpty else {
            throw Diagnostics(problems) ?? Diagnostics(.error("nobody could send to \(host.name)"))
        }
        var isAwake: Bool?
        if let patience { isAwake = await answers(host, within: patience) }
        return Outcome(host: host.name, addresses: macs.map(\.description), senders: senders, isAwake: isAwake)
    }

    private func send(_ macs: [MACAddress], to address: String, from neighbour: Host) async -> HostProblem? {
        do throws(HostProblem) {
            let connection = try await context.connector.connect(to: neighbour)
            do throws(HostProblem) {
                for mac in macs {
                    try await HostScript(variables: [("mac", mac.description), ("address", address)], Self.script)
                        .run(on: connection, host: neighbour.name, doing: "wake \(address)")
                }
                await connection.close()
                return nil
            } catch {
                await connection.close()
                throw error
            }
        } catch {
            return error
        }
    }

    private func answers(_ host: Host, within seconds: Int) async -> Bool {
        let start = Clock.monotonic
        while Clock.seconds(since: start) < Double(seconds), !Task.isCancelled {
            if case .success = await HostPinging(context).ping([host])[0] { return true }
            try? await Task.sleep(for: .seconds(2))
        }
        return false
    }

    /// What the inventory says (`vars: {mac: ...}`, one or a list), else the cards that carried its address last.
    static func addresses(of host: Host, facts: Value?) throws(Diagnostics) -> [MACAddress] {
        let given = host.vars["mac"].map { $0.list?.compactMap(\.string) ?? [$0.string].compactMap { $0 } }
        if let given {
            let read = given.compactMap { MACAddress($0) }
            guard read.count == given.count, !read.isEmpty else {
                throw Diagnostics(.error("the var \"mac\" of \(host.name) is no MAC address", host: host.name))
            }
            return read
        }
        let cards = facts?["hwaddr_interfaces"]?.map ?? Mapping()
        let numbers = facts?["ip4_interfaces"]?.map ?? Mapping()
        let own = cards.filter { name, _ in
            numbers[name.string ?? ""]?.list?.contains { $0.string == host.address } == true
        }
        let found = (own.isEmpty ? Array(cards) : own).compactMap { $0.1.string.flatMap { MACAddress($0) } }
            .filter { mac in mac.bytes.contains { $0 != 0 } }
        guard !found.isEmpty else {
            throw Diagnostics(
                .error(
                    "the MAC address of \(host.name) is not known",
                    hint:
                        "give it in the inventory (vars: {mac: \"52:54:00:...\"}), or run `drover host facts` while it is up"
                ))
        }
        return found
    }

    /// Whether a host has an address of the same /24: a guess, which the neighbour's own routes decide.
    private static func isNear(_ address: String, _ facts: Value?) -> Bool {
        guard let end = address.lastIndex(of: ".") else { return false }
        let prefix = address[...end]
        return (facts?["ip4_interfaces"]?.map ?? Mapping()).contains { _, list in
            list.list?.contains { $0.string?.hasPrefix(prefix) == true } == true
        }
    }

    private static let script = String(decoding: PackageResources.host_wake_sh, as: UTF8.self)
}
