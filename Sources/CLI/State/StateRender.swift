internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct StateRender: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Show what a role's templates come to for a host, before it is compiled")
    @Argument(help: "Role") var role: String
    @Option(help: "JSON or YAML file of facts instead of the host's own; no host is needed then") var facts: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let host = try singleHost(try await common.hosts(context))
        let known = try await factsOf(host, file: facts, context)
        Terminal.write(try HostPlanning(context.directory, host: host, facts: known, test: true).render(role))
    }
}

/// The one host that a command about one host means.
func singleHost(_ hosts: [Host]) throws -> Host {
    if let host = hosts.first, hosts.count == 1 { return host }
    throw CommandFailure(.usage, [.error("name one host with -t", detail: "\(hosts.count) hosts match")])
}

/// Facts from a file, or the host's own.
func factsOf(_ host: Host, file: String?, _ context: FleetContext) async throws -> Mapping {
    guard let path = file else {
        let answer = await FactGathering(context).gather([host])
        return try answer.first?.facts.get() ?? Mapping()
    }
    let source = SourceText(name: path, text: try DiskFile.readText(DiskPath.expandingHome(path)))
    guard let map = try YAML.read(source).map else {
        throw Diagnostics(.error("\"\(path)\" holds no mapping of facts"))
    }
    return map
}
