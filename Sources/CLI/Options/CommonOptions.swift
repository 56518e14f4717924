internal import ArgumentParser
internal import Fleet
internal import Values

/// The options that every command takes, before or after its words.
struct CommonOptions: ParsableArguments {
    @Option(name: [.customShort("C"), .customLong("directory")], help: "Fleet directory")
    var directory = "."

    @Option(name: [.customShort("i"), .customLong("inventory")], help: "Inventory file or folder (repeatable)")
    var inventory: [String] = []

    @Option(name: .customLong("roles"), help: "Folder of roles, looked at first (repeatable)")
    var roles: [String] = []

    @Option(name: .customLong("vars"), help: "File of vars laid over the inventory's (repeatable)")
    var vars: [String] = []

    @Option(
        name: [.customShort("t"), .customLong("target")],
        help: "Hosts: name, group, glob, list, role:x, fact:k=v, var:k=v, and/or/not")
    var target: String?

    @Option(name: .customLong("format"), help: "table, json or yaml")
    var format: OutputFormat = .table

    @Option(name: .customLong("parallel"), help: "Hosts worked on at once")
    var parallel = 64

    @Option(name: .customLong("timeout"), help: "Seconds to wait for a connection")
    var timeout = 10

    @Flag(name: .customLong("yes"), help: "Answer yes to every question")
    var yes = false

    @Flag(name: [.customShort("v"), .customLong("verbose")], help: "Say more")
    var verbose = false

    func validate() throws {
        guard (1...4096).contains(parallel) else { throw ValidationError("--parallel must be 1 to 4096") }
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout must be 1 to 3600 seconds") }
    }

    /// The fleet these options name.
    var fleetDirectory: FleetDirectory {
        var fleet = FleetDirectory(root: directory)
        fleet.inventoryPaths = inventory
        fleet.rolesPaths = roles
        fleet.varsFiles = vars
        return fleet
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, yaml
}
