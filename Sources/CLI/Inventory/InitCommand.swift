internal import ArgumentParser
internal import Fleet

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a fleet directory with the stock roles and a commented inventory")
    @Argument(help: "Directory to make; it may exist if it is empty") var directory = "."
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let fleet = FleetDirectory(root: directory)
        try FleetCreation(fleet).create()
        Terminal.note("made the fleet \"\(fleet.root)\"")
        Terminal.note("next: say in inventory/hosts.yaml which machines it has, then `drover host trust`")
    }
}
