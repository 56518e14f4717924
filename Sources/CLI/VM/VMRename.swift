internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMRename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Give a VM that is off another name, and its volumes with it",
        discussion: """
            The host name inside the guest is the guest's own affair and stays. A VM with snapshots, or a saved one, keeps its
            name: both know its disks by their names.

            EXAMPLES
              drover vm rename web1 shop1
            """)
    @Argument(help: "VM") var name: String
    @Argument(help: "Its new name, unique in the fleet") var new: String
    @Option(help: "Host that does not answer and is said not to have a VM of the new name (repeatable)")
    var assumeAbsent: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let renaming = MachineRenaming(context, driver: try common.hypervisors(context))
        let renamed = try await renaming.rename(name, to: new, assumedAbsent: assumeAbsent)
        Terminal.show(renamed.warnings)
        let value: Value = ["name": Value(renamed.name), "host": Value(renamed.host.name)]
        Output.write(value, common.format) { "\(name) is \(renamed.name) now, on \(renamed.host.name)\n" }
    }
}
