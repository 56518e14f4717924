internal import Hypervisor
internal import Inventory
internal import Values

/// Creates a container on a host whose driver is LXC: root tree, definition, start. What fails is taken back.
struct ContainerCreation: Sendable {
    let context: FleetContext
    let driver: any HypervisorDriver
    let say: @Sendable (String) -> Void

    /// - Parameter host: one whose driver has containers.
    /// - Returns: its UUID.
    func create(_ spec: MachineSpec, _ root: String, on host: Host) async throws -> String {
        try Self.check(spec, on: host)
        let uuid = RandomUUID.make()
        let tree = try ContainerTree(root, uuid: uuid)
        return try await driver.visit(host) { connection in
            let container = try await container(spec, uuid, tree, host, connection)
            let fields: [(String, Value)] = [
                ("vm", Value(spec.name)), ("uuid", Value(uuid)), ("host", Value(host.name)),
                ("tree", tree.tarball == nil ? .null : Value(tree.path)),
            ]
            let log = try Journal(context.directory).begin("container", Mapping(fields))
            var definition = container
            definition.metadata?.operation = log.id
            do {
                say("preparing the root tree on \(host.name)")
                try await tree.place(definition.initProgram, on: host, by: context.connector)
                try await connection.define(xml: definition.xml())
                if spec.autostart { try await connection.setAutostart(.uuid(uuid), true) }
                try Task.checkCancellation()
                if spec.startState != .stopped {
                    try log.record("starting")
                    say("starting \(spec.name)")
                    try await connection.start(.uuid(uuid))
                    if spec.startState == .paused { try await connection.suspend(.uuid(uuid)) }
                }
                try log.record("finished")
                return uuid
            } catch {
                throw await Undoing(driver: driver, host: host, log: log).after(error, over: connection) {
                    try await Self.remove(uuid, tree.tarball == nil ? [] : [tree.path], host, $0, context)
                    try log.record("undone")
                }
            }
        }
    }

    /// What would be defined; nothing is made anywhere.
    func preview(_ spec: MachineSpec, _ root: String, on host: Host) async throws -> String {
        try Self.check(spec, on: host)
        let uuid = RandomUUID.make()
        let tree = try ContainerTree(root, uuid: uuid)
        return try await driver.visit(host) { connection in
            try await container(spec, uuid, tree, host, connection).xml()
        }
    }

    /// The host that is named, else of those that answer and have containers the one with the fewest.
    func choose(_ named: Host?, among answers: [MachineCensus.Answer]) throws(Diagnostics) -> Host {
        if let named { return named }
        let able = answers.compactMap { answer -> (Host, Int)? in
            guard let machines = try? answer.machines.get(),
                (try? answer.host.hypervisorKind())?.can(.rootTree) == true
            else { return nil }
            return (answer.host, machines.count)
        }
        if let best = able.min(by: { $0.1 < $1.1 }) { return best.0 }
        throw Diagnostics(
            .error("no host that answers has containers", hint: "give a host `uri: 'lxc:///'`, or name one with --on"))
    }

    /// What a container cannot have is refused before anything is made.
    static func check(_ spec: MachineSpec, on host: Host) throws(Diagnostics) {
        try host.require(.rootTree)
        var problems: [Diagnostic] = []
        let wishes: [(Bool, String)] = [
            (spec.image != nil, "an image"), (!spec.disks.isEmpty, "disks"), (spec.iso != nil, "an ISO"),
            (spec.isUEFI || spec.hasSecureBoot || spec.hasTPM, "firmware"), (spec.graphics != .none, "a display"),
            (spec.userData != nil || !spec.sshKeys.isEmpty, "first-boot configuration"),
            (spec.xmlPatch != nil, "an XML patch"),
            (spec.details != DomainDetails(), "a machine's memory policy, clock, ports, devices or kernel"),
        ]
        for (isWished, what) in wishes where isWished {
            problems.append(
                .error(
                    "a container has a root tree, not \(what)",
                    hint: "leave that out; what is to be in the container belongs into its tree", host: host.name))
        }
        if let found = Diagnostics(problems) { throw found }
    }

    private func container(
        _ spec: MachineSpec, _ uuid: String, _ tree: ContainerTree, _ host: Host, _ connection: HypervisorConnection
    ) async throws -> ContainerSpec {
        let info = try await connection.hostInfo()
        var container = ContainerSpec(
            name: spec.name, uuid: uuid, memoryMiB: spec.memory.mebibytes, cpus: spec.cpus,
            architecture: info.architecture, root: tree.path)
        container.interfaces = try spec.nics(on: host).map { nic throws(Diagnostics) in
            let source: InterfaceSpec.Source
            switch nic.source {
            case .bridge(let name): source = .bridge(name)
            case .network(let name): source = .network(name)
            case .direct, .user, nil:
                throw Diagnostics(
                    .error("the NIC \"\(nic.name)\" of a container needs a bridge or a network", host: host.name))
            }
            guard nic.vlan == nil else {
                throw Diagnostics(
                    .error(
                        "the NIC \"\(nic.name)\" of a container cannot be put on a VLAN",
                        hint: "use a bridge of that VLAN", host: host.name))
            }
            return InterfaceSpec(source: source, mac: nic.mac ?? .random())
        }
        container.metadata = DomainMetadata(
            owner: "drover", profile: spec.profile,
            labels: tree.tarball == nil ? [:] : [ContainerTree.label: tree.path])
        container.metadata?.spread = spec.spread
        container.metadata?.affinity = spec.affinity
        return container
    }

    private static func remove(
        _ uuid: String, _ trees: [String], _ host: Host, _ connection: HypervisorConnection, _ context: FleetContext
    ) async throws {
        if let there = try await connection.domain(.uuid(uuid)) {
            if there.state.isActive { try await connection.destroy(.uuid(uuid)) }
            try await connection.undefine(.uuid(uuid))
        }
        try await ContainerTree.refuseUsed(trees, by: uuid, on: host, over: connection)
        try await ContainerTree.remove(trees, on: host, by: context.connector)
    }

    /// A container that runs, or may have run, was only not written down as finished; anything less is taken back.
    func settle(_ record: OperationRecord) async throws -> String {
        guard let uuid = record["uuid"]?.string, let name = record["host"]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let log = Journal(context.directory).resume(record)
        let host = try context.host(named: name)
        return try await driver.visit(host) { connection in
            let there = try await connection.domain(.uuid(uuid))
            let mayHaveRun = record.steps.contains { $0["step"]?.string == "starting" }
            if let there, there.state.isActive || mayHaveRun {
                try log.record("finished")
                return "finished"
            }
            let trees = [record["tree"]?.string].compactMap { $0 }
            try await Self.remove(uuid, trees, host, connection, context)
            try log.record("undone")
            return "undone"
        }
    }
}
