internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct NetworkStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "start", abstract: "Start a network")
    @Argument(help: "Network") var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.changeEach(name) { [name] context, driver, host in
            try await NetworkPower(context, driver: driver).start(name, on: host)
        }
    }
}

struct NetworkStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop a network",
        discussion: "One that running VMs are on is refused unless --force is given: they lose their link.")
    @Argument(help: "Network") var name: String
    @Flag(help: "Stop it though running VMs are on it") var force = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.changeEach(name) { [name, force] context, driver, host in
            try await NetworkPower(context, driver: driver).stop(name, on: host, force: force)
        }
    }
}

struct NetworkDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Stop and delete a network that no VM uses, be it off")
    @Argument(help: "Network") var name: String
    @Flag(help: "Show what would be deleted, and delete nothing") var check = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let power = NetworkPower(context, driver: try common.hypervisors(context))
        if !check {
            try common.confirmed("delete the network \"\(name)\" of \(hosts.map(\.name).joined(separator: ", "))?")
        }
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name, check] host in
            try await power.delete(name, on: host, check: check)
        }
        try common.finish(answers, named: name)
    }
}
