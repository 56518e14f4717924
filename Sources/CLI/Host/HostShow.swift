internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what the inventory says of a host, its merged vars included",
        discussion: """
            EXAMPLES
              drover host show hv1
              drover host show hv1 --live
            """)
    @Argument(help: "Host") var name: String
    @Flag(help: "Ask its hypervisor too: what it is, what it can run, what it has left") var live = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let host = try context.host(named: name)
        guard var fields = host.summary(drained: DrainMemory(context.directory).mark(of: name)).map else { return }
        fields["vars"] = Value(host.vars)
        var problem: HostProblem?
        if live, let answer = await HypervisorNodes(context, driver: try common.hypervisors(context)).ask([host])[0] {
            switch answer {
            case .success(let node): fields["hypervisor"] = node.value
            case .failure(let found):
                problem = found
                fields["hypervisor"] = ["problem": Value(found.diagnostic.summary)]
            }
        }
        let value = Value(fields)
        Output.write(value, common.format) { YAML.write(value) }
        if let problem { throw problem }
    }
}
