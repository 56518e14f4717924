internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what the inventory says of a host, its merged vars included")
    @Argument(help: "Host") var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let host = try common.context().host(named: name)
        guard var fields = host.summary.map else { return }
        fields["vars"] = Value(host.vars)
        let value = Value(fields)
        Output.write(value, common.format) { YAML.write(value) }
    }
}
