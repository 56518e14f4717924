internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct NetworkList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the virtual networks of every hypervisor", aliases: ["ls"])
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisorHosts(context)
        let answers = await StoreListing(context, driver: try common.hypervisors(context)).networks(hosts)
        Output.write(Value(answers.values { host, network in network.value(host) }), common.format) {
            var table = Table("NAME", "HOST", "MODE", "STATE", "AUTOSTART", "BRIDGE")
            answers.addRows(to: &table, columns: 6) { host, network in
                [
                    network.name, host.name, network.forward ?? "isolated", network.isActive ? "running" : "inactive",
                    network.autostart ? "yes" : "no", network.bridge ?? "-",
                ]
            }
            return table.text
        }
        try failIfAny(answers.problems)
    }
}

struct NetworkShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a network: its state, its definition, and the VMs on it",
        discussion: "The \"definition\" is what `network create --from` and `network update --from` take.")
    @Argument(help: "Network") var name: String
    @Flag(help: "Print libvirt's definition instead") var printXml = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisorHosts(context)
        let details = StoreDetails(context, driver: try common.hypervisors(context))
        let answers = await details.network(name, on: hosts)
        try common.show(answers, missing: "there is no network \"\(name)\" on these hosts", asXML: printXml)
    }
}

struct NetworkLeases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leases", abstract: "List the addresses that networks have given out by DHCP")
    @Argument(help: "Network; all of them when none is named") var name: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisorHosts(context)
        let listing = StoreListing(context, driver: try common.hypervisors(context))
        let answers = await listing.leases(hosts, network: name)
        Output.write(Value(answers.values { host, lease in lease.value(host) }), common.format) {
            var table = Table("NETWORK", "HOST", "ADDRESS", "MAC", "NAME", "EXPIRES")
            answers.addRows(to: &table, columns: 6) { host, lease in
                [
                    lease.network, host.name, "\(lease.address)/\(lease.prefix)", lease.mac ?? "-",
                    lease.hostName ?? "-", lease.expiry == 0 ? "never" : Clock.iso(lease.expiry),
                ]
            }
            return table.text
        }
        try failIfAny(answers.problems)
    }
}

extension NetworkInfo {
    /// Stable API: programs read these keys.
    fileprivate func value(_ host: Host) -> Value {
        Value(
            Mapping([
                ("name", Value(name)), ("host", Value(host.name)), ("uuid", Value(uuid)),
                ("mode", Value(forward ?? "isolated")), ("state", Value(isActive ? "running" : "inactive")),
                ("autostart", Value(autostart)), ("persistent", Value(isPersistent)),
                ("bridge", bridge.map { Value($0) } ?? .null),
            ]))
    }
}

extension NetworkLease {
    /// Stable API: programs read these keys.
    fileprivate func value(_ host: Host) -> Value {
        Value(
            Mapping([
                ("network", Value(network)), ("host", Value(host.name)), ("address", Value(address)),
                ("prefix", Value(prefix)), ("mac", mac.map { Value($0) } ?? .null),
                ("name", hostName.map { Value($0) } ?? .null),
                ("expires", expiry == 0 ? .null : Value(Clock.iso(expiry))),
            ]))
    }
}
