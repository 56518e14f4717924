package import Values

/// The hosts of a fleet with their groups, roles and vars, merged from the inventory's files.
package struct Inventory: Sendable {
    /// The group that VMs belong to when they are reached as hosts.
    package static let machineGroup = "vms"

    /// A group and the hosts in it, those of its children included, in the inventory's order.
    package struct Group: Sendable {
        package let name: String
        package let hosts: [String]
        package let mark: Mark?
    }

    /// An entry of `vms:`, ranges expanded; what its keys mean is for those who create it.
    package struct MachineEntry: Sendable {
        package let name: String
        package let spec: Mapping
        package let mark: Mark?
    }

    /// In the files' order.
    package private(set) var hosts: [Host]
    /// In the files' order.
    package private(set) var groups: [Group]
    package let machines: [MachineEntry]
    /// The global vars.
    package let vars: Mapping
    /// The catalogue of images, by name; what its keys mean is for those who fetch them.
    package let images: Mapping
    private let resolution: HostResolution

    /// Reads and merges the files of an inventory (already read; `vms.yaml` may be among them).
    /// - Parameter overlay: vars laid over those of every host, as `--vars` gives them.
    /// - Throws: every problem of all files together.
    package static func load(_ sources: [SourceText], overlay: Mapping = Mapping()) throws(Diagnostics) -> Inventory {
        var reader = InventoryReader()
        for source in sources { reader.read(source) }
        let tree = GroupTree(reader.groups)
        let resolution = HostResolution(defaults: reader.defaults, vars: reader.vars, tree: tree)
        let hosts = reader.hosts.map { draft in
            var host = resolution.host(draft)
            host.vars = host.vars.merged(with: overlay)
            return host
        }
        let machines = reader.machines.map { MachineEntry(name: $0.name, spec: $0.spec, mark: $0.mark) }
        let problems = reader.problems + tree.problems + HostConsistency.problems(hosts: hosts, machines: machines)
        if let problems = Diagnostics(problems) { throw problems }
        return Inventory(
            hosts: hosts, machines: machines, vars: reader.vars, images: reader.images, resolution: resolution)
    }

    private init(
        hosts: [Host], machines: [MachineEntry], vars: Mapping, images: Mapping, resolution: HostResolution
    ) {
        self.hosts = hosts
        self.machines = machines
        self.vars = vars
        self.images = images
        self.resolution = resolution
        groups = resolution.tree.groups.map { draft in
            Group(
                name: draft.name, hosts: hosts.filter { $0.groups.contains(draft.name) }.map(\.name), mark: draft.mark)
        }
    }

    package func host(_ name: String) -> Host? { hosts.first { $0.name == name } }
    package func group(_ name: String) -> Group? { groups.first { $0.name == name } }

    /// A VM as a host: defaults, the settings, roles and vars of group `vms`, and the roles and vars of its own entry.
    /// - Parameters:
    ///   - address: where its SSH server answers.
    ///   - jump: the hypervisor it is reached through.
    package func machineHost(_ name: String, address: String, jump: String?) -> Host {
        let entry = machines.first { $0.name == name }
        var draft = InventoryReader.HostDraft(name: name, mark: entry?.mark)
        for key in [HostKey.roles, .vars] { draft.settings[key.rawValue] = entry?.spec[key.rawValue] }
        draft.settings[HostKey.address.rawValue] = Value(address)
        draft.settings[HostKey.jump.rawValue] = jump.map { Value($0) } ?? .null
        return resolution.host(draft, in: [Self.machineGroup])
    }

    /// This inventory with VMs added as hosts; a host that is there already stays as it is.
    package func adding(machineHosts: [Host]) -> Inventory {
        var result = self
        var names = Set(hosts.map(\.name))
        for host in machineHosts where names.insert(host.name).inserted { result.hosts.append(host) }
        let members = result.hosts.filter { $0.groups.contains(Self.machineGroup) }.map(\.name)
        let group = Group(name: Self.machineGroup, hosts: members, mark: group(Self.machineGroup)?.mark)
        result.groups.removeAll { $0.name == Self.machineGroup }
        result.groups.append(group)
        return result
    }

    /// The hosts that a target expression means, in the inventory's order; empty when it matches none.
    /// - Parameters:
    ///   - facts: gathered facts by host name; needed where `TargetExpression.needsFacts`.
    ///   - failed: what `@failed` means; nil when no run is known.
    ///   - unreachable: what `@unreachable` means.
    /// - Throws: mistakes in the expression and unknown names, with the nearest known one.
    package func select(
        _ expression: String, facts: [String: Value] = [:], failed: Set<String>? = nil, unreachable: Set<String>? = nil
    ) throws(Diagnostics) -> [Host] {
        let target = try TargetExpression(expression)
        return try target.hosts(in: self, facts: facts, failed: failed, unreachable: unreachable)
    }
}
