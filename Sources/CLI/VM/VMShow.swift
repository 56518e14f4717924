internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Values

struct VMShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show where a VM is and what it has")
    @Argument(help: "VM") var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let value = try await MachineDetails(context, driver: try common.hypervisors(context)).show(name)
        Output.write(value, common.format) { YAML.write(value) }
    }
}
