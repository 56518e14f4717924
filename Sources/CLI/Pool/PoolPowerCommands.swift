internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct PoolStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "start", abstract: "Start a pool")
    @Argument(help: "Pool") var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let power = PoolPower(context, driver: try common.hypervisors(context))
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name] host in
            try await power.start(name, on: host)
        }
        try common.finish(answers, named: name)
    }
}

struct PoolStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop a pool; its volumes stay",
        discussion: "One that a running VM uses is refused unless --force is given.")
    @Argument(help: "Pool") var name: String
    @Flag(help: "Stop it though running VMs have disks in it") var force = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let power = PoolPower(context, driver: try common.hypervisors(context))
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name, force] host in
            try await power.stop(name, on: host, force: force)
        }
        try common.finish(answers, named: name)
    }
}

struct PoolRefresh: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh", abstract: "Have libvirt look again at what is in a pool")
    @Argument(help: "Pool") var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let power = PoolPower(context, driver: try common.hypervisors(context))
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name] host in
            try await power.refresh(name, on: host)
        }
        try common.finish(answers, named: name)
    }
}

struct PoolDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a pool that no VM uses; its volumes stay unless --content is given",
        discussion: """
            A VM that is off counts as well. With --content every volume goes, and the directory or volume group; of storage
            that several hosts reach, every hypervisor is asked first.

            EXAMPLES
              drover pool delete data -t hv1
              drover pool delete scratch --content --yes -t hypervisors
            """)
    @Argument(help: "Pool") var name: String
    @Flag(help: "Delete its volumes too") var content = false
    @Option(help: "Host that does not answer and is said not to use the shared storage (repeatable)")
    var assumeAbsent: [String] = []
    @Flag(help: "Show what would be deleted, and delete nothing") var check = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let deletion = PoolDeletion(context, driver: try common.hypervisors(context), assumedAbsent: assumeAbsent)
        let plans = await HostAnswers(hosts, limit: context.parallel, within: context.timeout * 4) {
            [name, content] host in
            try await deletion.plan(name, on: host, content: content)
        }
        if !check { try confirm(plans) }
        let shown = Dictionary(plans.hosts.map { ($0.host.name, $0.answer) }) { first, _ in first }
        // Only what was shown: where that was not possible, nothing is done.
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name, content, check] host in
            guard let plan = try shown[host.name]?.get() ?? nil else {
                return StoreOutcome(host.name, name, isPredicted: check)
            }
            return try await deletion.delete(name, on: host, content: content, agreed: plan.volumes, check: check)
        }
        try common.finish(answers, named: name)
    }

    private func confirm(_ plans: HostAnswers<PoolDeletion.Plan?>) throws {
        let found = plans.hosts.compactMap { try? $0.answer.get() }
        guard !found.isEmpty else { return }
        for plan in found {
            let pool = "the \(plan.pool.type) pool \"\(name)\" of \(plan.host.name)"
            Terminal.note(content ? "\(pool) will be lost, with" : "\(pool) will be no pool any more; its volumes stay")
            for volume in plan.volumes { Terminal.note("  \(Printable.line(volume.path))") }
        }
        try common.confirmed("delete \"\(name)\"?")
    }
}
