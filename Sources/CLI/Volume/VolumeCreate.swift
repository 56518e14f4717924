internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Values

struct VolumeCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create an empty volume, or an overlay on another",
        discussion: """
            A volume that is so already is left alone; one that differs is refused with its differences.

            EXAMPLES
              drover pool volume create data scratch.qcow2 --size 20G -t hv1
              drover pool volume create vg0 db --size 50G --type raw -t hv1
              drover pool volume create default try.qcow2 --size 20G \\
                  --base /var/lib/libvirt/images/debian.qcow2 --base-format qcow2 -t hv1
            """)
    @Argument(help: "Pool") var pool: String
    @Argument(help: "Name") var name: String
    @Option(help: "Size that a guest sees, such as 20G; a bare number is MiB") var size: SizeArgument
    @Option(name: .customLong("type"), help: "qcow2 or raw") var type = "qcow2"
    @Option(help: "How much is taken at once; nothing if not given") var allocation: SizeArgument?
    @Option(help: "Path of the image below an overlay") var base: String?
    @Option(help: "Format of that image") var baseFormat = "qcow2"
    @Option(help: "Mode of the file, such as 0600") var mode: String?
    @Option(help: "Number of the file's owner") var owner: UInt32?
    @Option(help: "Number of the file's group") var group: UInt32?
    @Flag(help: "No copying on write by the file system below") var nocow = false
    @Flag(help: "Show what would change, and change nothing") var check = false
    @Flag(help: "Print libvirt's definition, and change nothing") var printXml = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let wish = try wish()
        if printXml {
            Terminal.write(try wish.spec.xml())
            return
        }
        try await common.changeEach("\(pool)/\(name)") { [check] context, driver, host in
            try await VolumeConvergence(context, driver: driver).converge(wish, on: host, check: check)
        }
    }

    private func wish() throws -> VolumeWish {
        var map = Mapping([
            ("pool", Value(pool)), ("size", Value(size.size.description)), ("format", Value(type)),
            ("nocow", Value(nocow)),
        ])
        map["allocation"] = allocation.map { Value($0.size.description) }
        if let base { map["backing_store"] = ["path": Value(base), "format": Value(baseFormat)] }
        var permissions = Mapping()
        permissions["mode"] = mode.map { Value($0) }
        permissions["owner"] = owner.map { Value(Int($0)) }
        permissions["group"] = group.map { Value(Int($0)) }
        if !permissions.isEmpty { map["permissions"] = Value(permissions) }
        return try VolumeWish(name, arguments: Value(map))
    }
}
