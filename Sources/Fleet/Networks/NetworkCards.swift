internal import Hypervisor
internal import Inventory
internal import Values

/// The cards of running guests on a network: its restart takes them out of the bridge, and nobody puts them back.
struct NetworkCards {
    let context: FleetContext
    let host: Host
    let network: String

    /// Puts each card of a running guest into the network's bridge again.
    /// - Throws: ``HostProblem`` naming the guests that have no link.
    func plugIn(over connection: HypervisorConnection) async throws {
        guard let info = try await connection.network(network), info.isActive, let bridge = info.bridge,
            info.forward != "bridge"
        else { return }
        let guests = try await connection.storeReferences().filter { $0.isActive && $0.cards[network] != nil }
        let cards = guests.flatMap { $0.cards[network] ?? [] }
        guard !cards.isEmpty else { return }
        let script = HostScript(
            variables: [("bridge", bridge)], arguments: cards,
            """
            failed=
            for card; do
                ip link set dev "$card" master "$bridge" || failed=1
            done
            [ -z "$failed" ]
            """)
        let names = guests.map { "\"\(Printable.line($0.domain))\"" }.joined(separator: ", ")
        let shell = try await context.connector.connect(to: host)
        do {
            try await script.run(
                on: shell, host: host.name, doing: "connect \(names) to the network \"\(network)\" again")
        } catch {
            await shell.close()
            throw error
        }
        await shell.close()
    }
}
