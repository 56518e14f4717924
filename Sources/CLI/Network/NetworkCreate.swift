internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Values

struct NetworkCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a network, start it, and have it start with its host",
        discussion: """
            A network that is so already is left alone; one that differs is refused with its differences (`network update`
            changes it). --from takes a file with the arguments of Salt's virt.network_running; options are laid over it.

            nat, route, open and isolated networks get a bridge of libvirt's, with DHCP and DNS: without --cidr addresses are
            chosen (192.168.122.0/24 for "default"), without --range DHCP gives out all of them.

            EXAMPLES
              drover network create default --mode nat -t hypervisors
              drover network create lab --mode isolated --cidr 10.9.0.0/24 --range 10.9.0.100-10.9.0.199 -t hv1
              drover network create wire --mode macvtap --interface eth1 -t hv1
              drover network create trunk --mode bridge --bridge ovsbr0 --vport openvswitch \\
                  --portgroup web,vlan=10,default --portgroup db,vlan=20 -t hypervisors
            """)
    @Argument(help: "Name") var name: String
    @OptionGroup(title: "Network") var network: NetworkOptions
    @Option(help: "YAML file with its arguments") var from: String?
    @Flag(help: "Give out no addresses by DHCP") var noDhcp = false
    @Flag(help: "Choose no addresses: the host is not in the network") var noAddress = false
    @Flag(inversion: .prefixedNo, help: "Start it with its host") var autostart: Bool?
    @Flag(inversion: .prefixedNo, help: "Start it now") var start = true
    @Flag(help: "Show what would change, and change nothing") var check = false
    @Flag(help: "Print libvirt's definition, and change nothing") var printXml = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let wish = try wish()
        if printXml {
            Terminal.write(try wish.spec.xml())
            return
        }
        try await common.changeEach(name) { [check] context, driver, host in
            try await NetworkConvergence(context, driver: driver).converge(wish, on: host, check: check)
        }
    }

    private func wish() throws -> NetworkWish {
        var map = try network.arguments(over: try CommonOptions.arguments(from: from))
        // Salt's absent mode is an isolated network; a person who says nothing wants one that works.
        if map["forward"] == nil, from == nil { map["forward"] = network.bridge == nil ? "nat" : "bridge" }
        if !noAddress { map = NetworkWish.completed(name, map, hasDHCP: !noDhcp && from == nil) }
        if let autostart = autostart ?? (map["autostart"] == nil ? true : nil) { map["autostart"] = Value(autostart) }
        var wish = try NetworkWish(name, arguments: Value(map))
        wish.isRunning = start
        return wish
    }
}

struct NetworkUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change a network, without its guests' noticing where that can be",
        discussion: """
            What is not named stays; --from FILE replaces the whole definition. DHCP ranges and addresses, DNS names, cards
            and port groups change while the network runs. Anything else restarts it: that asks first, and running guests are
            connected again.

            EXAMPLES
              drover network update lab --add-host 52:54:00:aa:bb:01,10.9.0.5,db1 -t hv1
              drover network update lab --mtu 9000 --yes -t hypervisors
            """)
    @Argument(help: "Network") var name: String
    @OptionGroup(title: "Network") var network: NetworkOptions
    @Option(help: "One more DHCP address kept for a card: MAC,ADDRESS[,NAME] (repeatable)") var addHost: [String] = []
    @Option(help: "DHCP address to give up, by its card's MAC (repeatable)") var removeHost: [String] = []
    @Option(help: "YAML file with the whole definition") var from: String?
    @Flag(inversion: .prefixedNo, help: "Start it with its host") var autostart: Bool?
    @Flag(help: "Show what would change, and change nothing") var check = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let convergence = NetworkConvergence(context, driver: try common.hypervisors(context))
        let change = try self.change()
        let preview = await HostAnswers(hosts, limit: context.parallel) { [name] host in
            try await convergence.change(name, on: host, check: true, edit: change)
        }
        if check {
            try common.finish(preview, named: name)
            return
        }
        let consequences = preview.hosts.compactMap { try? $0.answer.get() }.filter { !$0.consequences.isEmpty }
        if !consequences.isEmpty, !common.yes {
            for outcome in consequences {
                for words in outcome.consequences { Terminal.note("\(outcome.host): \(words)") }
            }
            try common.confirmed("change \"\(name)\"?")
        }
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name] host in
            try await convergence.change(name, on: host, edit: change)
        }
        try common.finish(answers, named: name, toldConsequences: !common.yes)
    }

    /// From the arguments that a network has to those that it should have.
    private func change() throws -> @Sendable (Mapping) throws -> Mapping {
        let whole: Mapping? = try from.map { try CommonOptions.arguments(from: $0) }
        let added = try addHost.map(NetworkOptions.reservation)
        return { [network, autostart, removeHost] base in
            var map = try network.arguments(over: whole ?? base)
            if !added.isEmpty || !removeHost.isEmpty {
                guard var config = map["ipv4_config"]?.map else {
                    throw Diagnostics(.error("the network has no IPv4 addresses to give out"))
                }
                var hosts = config["hosts"]?.map ?? Mapping()
                for mac in removeHost { hosts.removeValue(forKey: mac.lowercased()) }
                for (mac, entry) in added { hosts[mac] = entry }
                config["hosts"] = hosts.isEmpty ? nil : Value(hosts)
                map["ipv4_config"] = Value(config)
            }
            if let autostart { map["autostart"] = Value(autostart) }
            return map
        }
    }
}
