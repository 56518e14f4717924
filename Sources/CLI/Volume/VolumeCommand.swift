internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct VolumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume", abstract: "Keep the volumes in the hosts' pools",
        discussion: """
            EXAMPLES
              drover pool volume list default -t hv1
              drover pool volume create data scratch.qcow2 --size 20G -t hv1
              drover pool volume resize data scratch.qcow2 40G -t hv1
              drover pool volume upload data installer.iso ~/debian.iso -t hypervisors
            """,
        subcommands: [
            VolumeList.self, VolumeShow.self, VolumeCreate.self, VolumeResize.self, VolumeClone.self,
            VolumeUploadCommand.self, VolumeDownloadCommand.self, VolumeDelete.self,
        ])
}

struct VolumeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the volumes of a pool, or of all", aliases: ["ls"])
    @Argument(help: "Pool; all running ones when none is named") var pool: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisorHosts(context)
        let answers = await StoreListing(context, driver: try common.hypervisors(context)).volumes(hosts, pool: pool)
        Output.write(Value(answers.values { host, volume in volume.value(host) }), common.format) {
            var table = Table("NAME", "HOST", "POOL", "FORMAT", "CAPACITY", "TAKEN", "BASE")
            answers.addRows(to: &table, columns: 7) { host, volume in
                [
                    volume.name, host.name, volume.pool ?? "-", volume.format ?? "-", StoreSize.text(volume.capacity),
                    StoreSize.text(volume.allocation), volume.backing?.path ?? "-",
                ]
            }
            return table.text
        }
        try failIfAny(answers.problems)
    }
}

extension VolumeInfo {
    /// Stable API: programs read these keys.
    fileprivate func value(_ host: Host) -> Value {
        Value(
            Mapping([
                ("name", Value(name)), ("host", Value(host.name)), ("pool", pool.map { Value($0) } ?? .null),
                ("path", Value(path)), ("format", format.map { Value($0) } ?? .null),
                ("capacity_bytes", Value(Int(clamping: capacity))),
                ("allocation_bytes", Value(Int(clamping: allocation))),
                ("backing_store", backing.map { Value($0.path) } ?? .null),
            ]))
    }
}

struct VolumeShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a volume, and the VMs and volumes that use it")
    @Argument(help: "Pool") var pool: String
    @Argument(help: "Volume") var name: String
    @Flag(help: "Print libvirt's definition instead") var printXml = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisorHosts(context)
        let details = StoreDetails(context, driver: try common.hypervisors(context))
        let answers = await details.volume(name, in: pool, on: hosts)
        try common.show(
            answers, missing: "there is no volume \"\(name)\" in a pool \"\(pool)\" of these hosts", asXML: printXml)
    }
}
