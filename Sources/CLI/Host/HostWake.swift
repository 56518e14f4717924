internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostWake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wake", abstract: "Wake a sleeping host over the network (wake-on-LAN)",
        discussion: """
            The packet goes out on this machine's links and from hosts that share a link with the sleeper. Its MAC address
            is the var `mac` of the inventory, else what `drover host facts` saw last.

            EXAMPLES
              drover host wake hv3 --wait 120
              drover host wake hv3 --from hv1
            """)
    @Argument(help: "Host") var name: String
    @Option(help: "Hosts that send the packet too (a target)") var from: String?
    @Option(help: "Seconds to wait until it answers") var wait: Int?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let host = try context.host(named: name)
        let neighbours = try from.map { try context.hosts($0) }
        let outcome = try await HostWaking(context).wake(host, by: neighbours, patience: wait)
        let value: Value = [
            "host": Value(outcome.host), "addresses": Value(outcome.addresses.map { Value($0) }),
            "senders": Value(outcome.senders.map { Value($0) }), "awake": outcome.isAwake.map { Value($0) } ?? .null,
        ]
        Output.write(value, common.format) {
            let sent =
                "sent to \(outcome.addresses.joined(separator: ", ")) by \(outcome.senders.joined(separator: ", "))\n"
            return sent + (outcome.isAwake == true ? "\(outcome.host) answers\n" : "")
        }
        if outcome.isAwake == false {
            throw CommandFailure(
                .hostsUnreachable,
                [
                    .error(
                        "it does not answer after \(wait ?? 0) s",
                        hint: "wake-on-LAN must be on in its firmware and by `ethtool -s CARD wol g`",
                        host: outcome.host)
                ])
        }
    }
}
