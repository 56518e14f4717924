internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Values

struct PoolCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a pool, start it, and have it start with its host",
        discussion: """
            A pool that is so already is left alone; one that differs is refused with its differences, unless --replace is
            given. --from takes a file with the arguments of Salt's virt.pool_running (ptype, target, permissions, source,
            transient, autostart); options are laid over it. What fails midway is taken back.

            Directories are made where they do not exist. A logical, disk or zfs pool whose devices are empty is made on
            them; --build overwrite does so whatever is on them. A pool that is there already is never built again.

            EXAMPLES
              drover pool create data --path /srv/data --mode 0711 -t hypervisors
              drover pool create san --type iscsi-direct --source-host 10.0.0.9 --device iqn.2026-01.lan.nas:vms \\
                  --initiator iqn.2026-01.lan.hv1:drover -t hv1
              drover pool create ceph --type rbd --source-host mon1 --source-name vms --auth-user libvirt \\
                  --auth-password-command 'pass show ceph/libvirt' -t hypervisors
            """)
    @Argument(help: "Name") var name: String
    @Option(
        help: "dir, fs, netfs, logical, disk, iscsi, iscsi-direct, scsi, mpath, rbd, gluster, zfs or vstorage")
    var type: String?
    @OptionGroup(title: "Pool") var pool: PoolOptions
    @Option(help: "YAML file with its arguments") var from: String?
    @Flag(help: "It is gone once it is stopped") var transient = false
    @Flag(inversion: .prefixedNo, help: "Start it with its host") var autostart: Bool?
    @Flag(inversion: .prefixedNo, help: "Start it now") var start = true
    @Option(help: "How the devices of a new one are prepared: plain, keep (only if nothing is on them) or overwrite")
    var build: PoolBuildArgument?
    @Flag(help: "Change a pool of that name that differs") var replace = false
    @Flag(help: "Show what would change, and change nothing") var check = false
    @Flag(help: "Print libvirt's definition, and change nothing") var printXml = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let wish = try wish()
        if printXml {
            Terminal.write(try wish.spec.xml())
            return
        }
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let convergence = PoolConvergence(context, driver: try common.hypervisors(context))
        if wish.build == .overwriting, !check {
            try common.confirmed(
                "prepare \(wish.spec.source.devices.map(\.path).joined(separator: ", ")) anew? What is on them is lost."
            )
        }
        let answers = await HostAnswers(hosts, limit: context.parallel) { [replace, check] host in
            try await convergence.converge(wish, on: host, differing: replace ? .change : .refuse, check: check)
        }
        try common.finish(answers, named: name)
    }

    private func wish() throws -> PoolWish {
        var map = pool.arguments(over: try CommonOptions.arguments(from: from), type: type)
        if map["ptype"] == nil { map["ptype"] = "dir" }
        if name == "default", map["ptype"] == "dir", map["target"] == nil { map["target"] = "/var/lib/libvirt/images" }
        if transient { map["transient"] = true }
        if let autostart = autostart ?? (map["autostart"] == nil && !transient ? true : nil) {
            map["autostart"] = Value(autostart)
        }
        var wish = try PoolWish(name, arguments: Value(map))
        wish.isRunning = start
        wish.build = build?.build
        return wish
    }
}

/// How devices are prepared, on the command line.
enum PoolBuildArgument: String, ExpressibleByArgument, CaseIterable {
    case plain, keep, overwrite

    var build: PoolBuild {
        switch self {
        case .plain: .plain
        case .keep: .keepingContent
        case .overwrite: .overwriting
        }
    }
}

struct PoolSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a pool: its permissions, its source, its login, its autostart",
        discussion: """
            What is not named stays. A pool whose volumes a VM uses is changed in its permissions, login and autostart only,
            and goes on running: unless it is a directory, it takes them up when it next starts.

            EXAMPLES
              drover pool set data --mode 0700 -t hypervisors
              drover pool set ceph --auth-password-file key.txt -t hv1
            """)
    @Argument(help: "Pool") var name: String
    @OptionGroup(title: "Pool") var pool: PoolOptions
    @Flag(inversion: .prefixedNo, help: "Start it with its host") var autostart: Bool?
    @Flag(help: "Show what would change, and change nothing") var check = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let convergence = PoolConvergence(context, driver: try common.hypervisors(context))
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name, pool, autostart, check] host in
            try await convergence.change(name, on: host, check: check) { base in
                var map = pool.arguments(over: base, type: nil)
                if let autostart { map["autostart"] = Value(autostart) }
                return map
            }
        }
        try common.finish(answers, named: name)
    }
}
