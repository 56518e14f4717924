internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMClone: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clone", abstract: "Copy a VM on its host",
        discussion: """
            The copy has a UUID, addresses, a host name and SSH host keys of its own. A full copy can be made of a running VM:
            its disks are what the source's are at one moment, after its agent has had it write all out, if it has one. A linked
            copy takes no time and little space; its source has to be off, and their common layer stays until nobody uses it.

            EXAMPLES
              drover vm clone web1 web2 --start
              drover vm clone golden desk1 --linked --start
            """)
    @Argument(help: "VM") var name: String
    @Argument(help: "Name of the copy, unique in the fleet") var new: String
    @Flag(help: "Overlays on the source's disks instead of copies of them") var linked = false
    @Flag(help: "Start the copy") var start = false
    @Option(help: "cloud-init network-config file of the copy") var networkConfig: String?
    @Option(help: "Host that does not answer and is said not to have a VM of the new name (repeatable)")
    var assumeAbsent: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        var options = CloneOptions()
        options.linked = linked
        options.start = start
        options.assumedAbsent = assumeAbsent
        options.networkConfig = try networkConfig.map { try DiskFile.readText(DiskPath.expandingHome($0)) }
        let cloning = MachineCloning(context, driver: try common.hypervisors(context)) { [common] in
            common.progress($0)
        }
        let made: ClonedMachine
        do {
            made = try await cloning.clone(name, as: new, options)
        } catch {
            Terminal.clearStatus()
            throw error
        }
        Terminal.clearStatus()
        Terminal.show(made.warnings)
        Output.write(made.value, common.format) {
            "\(made.name) is a copy of \(name) on \(made.host.name) (\(made.uuid))\(made.isRunning ? ", and runs" : "")\n"
        }
    }
}
