internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct PoolList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the pools of every hypervisor", aliases: ["ls"])
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisorHosts(context)
        let answers = await StoreListing(context, driver: try common.hypervisors(context)).pools(hosts)
        Output.write(Value(answers.values { host, pool in pool.value(host) }), common.format) {
            var table = Table("NAME", "HOST", "TYPE", "STATE", "AUTOSTART", "CAPACITY", "FREE", "PATH")
            answers.addRows(to: &table, columns: 8) { host, pool in
                [
                    pool.name, host.name, pool.type, pool.isActive ? "running" : "inactive",
                    pool.autostart ? "yes" : "no", pool.isActive ? StoreSize.text(pool.capacity) : "-",
                    pool.isActive ? StoreSize.text(pool.available) : "-", pool.path ?? "-",
                ]
            }
            return table.text
        }
        try failIfAny(answers.problems)
    }
}

struct PoolShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a pool: its state, its definition, and the VMs that use it",
        discussion: "The \"definition\" is what `pool create --from` takes.")
    @Argument(help: "Pool") var name: String
    @Flag(help: "Print libvirt's definition instead") var printXml = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisorHosts(context)
        let details = StoreDetails(context, driver: try common.hypervisors(context))
        let answers = await details.pool(name, on: hosts)
        try common.show(answers, missing: "there is no pool \"\(name)\" on these hosts", asXML: printXml)
    }
}

extension PoolInfo {
    /// Stable API: programs read these keys.
    func value(_ host: Host) -> Value {
        Value(
            Mapping([
                ("name", Value(name)), ("host", Value(host.name)), ("uuid", Value(uuid)), ("type", Value(type)),
                ("state", Value(isActive ? "running" : "inactive")), ("autostart", Value(autostart)),
                ("persistent", Value(isPersistent)), ("path", path.map { Value($0) } ?? .null),
                ("capacity_bytes", Value(Int(clamping: capacity))),
                ("allocation_bytes", Value(Int(clamping: allocation))),
                ("available_bytes", Value(Int(clamping: available))),
            ]))
    }
}

/// Bytes for people: the largest unit of which there is at least one, with one digit behind the point.
enum StoreSize {
    static func text(_ bytes: UInt64) -> String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] as [(UInt64, String)]
        where bytes >> shift > 0 {
            let tenths = (bytes >> (shift - 10)) * 10 / 1024
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) B"
    }
}
