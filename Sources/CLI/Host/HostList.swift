internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the hosts of the inventory", aliases: ["ls"])
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let hosts = try await common.hosts(try common.context())
        let value = Value(hosts.map(\.summary))
        Output.write(value, common.format) {
            var table = Table("HOST", "ADDRESS", "GROUPS", "ROLES")
            for host in hosts {
                table.add([
                    host.name, host.port.map { "\(host.address):\($0)" } ?? host.address,
                    host.groups.joined(separator: ","),
                    host.roles.joined(separator: ","),
                ])
            }
            return table.text
        }
    }
}

extension Host {
    /// What the inventory says of a host, as `host list` and `host show` print it.
    var summary: Value {
        Value(
            Mapping([
                ("name", Value(name)), ("address", Value(address)), ("port", port.map { Value($0) } ?? .null),
                ("user", user.map { Value($0) } ?? .null),
                ("groups", Value(groups.map { Value($0) })), ("roles", Value(roles.map { Value($0) })),
            ]))
    }
}
