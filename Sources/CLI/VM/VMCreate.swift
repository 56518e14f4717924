internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a VM from an image and start it",
        discussion: "A failure or an interruption takes everything back that was made on the way.")
    @Argument(help: "Name, unique in the fleet") var name: String
    @Option(help: "Image, by its name or the beginning of its SHA-256") var image: String
    @Option(help: "Number of processors") var cpus = 1
    @Option(help: "Memory, such as 2G; a bare number is MiB") var memory: SizeArgument = SizeArgument(mebibytes: 1024)
    @Option(help: "Size of the disk; the disk profile's, or the image's, if not given") var disk: SizeArgument?
    @Option(help: "Bridge to connect to (repeatable); the NIC profile's if not given") var bridge: [String] = []
    @Option(help: "Host to create it on; the best one if not given (see --explain)") var on: String?
    @Option(help: "Target expression for the hosts it may be on, such as 'var:ssd=true and not role:desktop'")
    var place: String?
    @Flag(help: "Make nothing: show each host's score, or what excludes it") var explain = false
    @Option(help: "File with an SSH public key for first boot (repeatable)") var sshKey: [String] = []
    @Option(help: "cloud-init user-data file") var userData: String?
    @Option(help: "cloud-init network-config file") var networkConfig: String?
    @Option(help: "Host that does not answer and is said not to have a VM of this name (repeatable)")
    var assumeAbsent: [String] = []
    @Flag(help: "Start it with its host") var autostart = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let host = try on.map { try context.host(named: $0) }
        var spec = MachineSpec(name: name, image: image)
        spec.cpus = cpus
        spec.memory = memory.size
        spec.disks = disk.map { [DiskRequest(size: $0.size)] } ?? []
        spec.nics = bridge.map { NICRequest(source: .bridge($0)) }
        spec.autostart = autostart
        spec.sshKeys = try sshKey.flatMap { try lines($0) }
        spec.userData = try userData.map { try DiskFile.readText(DiskPath.expandingHome($0)) }
        spec.networkConfig = try networkConfig.map { try DiskFile.readText(DiskPath.expandingHome($0)) }
        spec.place = place
        if explain {
            spec.host = on
            return try await common.explain([spec], context)
        }
        let creation = MachineCreation(context, driver: try common.hypervisors(context)) { [common] in
            common.progress($0)
        }
        let created: MachineCreation.Created
        do {
            created = try await creation.create(spec, on: host, assumedAbsent: assumeAbsent)
        } catch {
            Terminal.clearStatus()
            throw error
        }
        Terminal.clearStatus()
        Terminal.show(created.warnings)
        let value: Value = ["name": Value(created.name), "uuid": Value(created.uuid), "host": Value(created.host.name)]
        Output.write(value, common.format) { "\(created.name) runs on \(created.host.name) (\(created.uuid))\n" }
    }

    private func lines(_ path: String) throws -> [String] {
        try DiskFile.readText(DiskPath.expandingHome(path)).split(separator: "\n").map(String.init)
    }
}

/// A size on the command line.
struct SizeArgument: ExpressibleByArgument {
    let size: ByteSize

    init(mebibytes: Int) { size = ByteSize(mebibytes: mebibytes) }

    init?(argument: String) {
        guard let size = ByteSize(argument) else { return nil }
        self.size = size
    }

    var defaultValueDescription: String { size.description }
}
