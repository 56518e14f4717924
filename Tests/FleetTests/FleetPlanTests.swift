import Inventory
import Testing
import Values

@testable import Fleet

/// What a plan says of entries against what hosts have.
@Suite struct FleetPlanTests {
    private static let hosts = """
        groups: {hypervisors: {hosts: {"hv[1-4]": {address: "10.0.0.[1-4]"}}}}
        """

    @Test(arguments: FleetFixtures.cases("fleet-plans.yaml")) func compares(_ line: FixtureCase) throws {
        let inventory = try Inventory.load([SourceText(name: "hosts.yaml", text: Self.hosts)])
        let wishes = try (line["vms"]?.map ?? Mapping()).map { name, entry in
            MachineWish(spec: try MachineSpec(name: name.string ?? "", entry.map ?? Mapping(), vars: Mapping()))
        }
        var comparison = PlanComparison(
            wishes: wishes, present: try (line["present"]?.list ?? []).map(Self.machine),
            silent: Self.silent(line["silent"]) + Self.silent(line["certain"], isCertain: true),
            hosts: Dictionary(inventory.hosts.map { ($0.name, $0) }) { $1 })
        for wish in wishes {
            comparison.allowed[wish.spec.name] = try wish.spec.place.map { Set(try inventory.select($0).map(\.name)) }
        }
        comparison.deletable = Set(line["delete"]?.list?.compactMap(\.string) ?? [])
        comparison.isWhole = line["some"]?.bool != true
        #expect(try comparison.lines().map(\.text) == line["lines"]?.list?.compactMap(\.string))
    }

    private static func silent(_ given: Value?, isCertain: Bool = false) -> [PlanComparison.Silence] {
        (given?.map ?? Mapping()).map { host, seen in
            .init(host: host.string ?? "", lastSeen: Set(seen.list?.compactMap(\.string) ?? []), isCertain: isCertain)
        }
    }

    /// Whatever NICs its host's profile would give it.
    @Test(arguments: [
        [("network lan", "e1000"), ("user", nil)], [("bridge br7", "virtio")], [], [("hostdev", nil)],
        [("ethernet tap0", "virtio"), ("direct eth1", "virtio")],
    ])
    func anAdoptedMachineKeepsItsNICs(_ nics: [(String, String?)]) throws {
        var machine = PresentMachine(name: "db1", host: "hv1", activity: .running, cpus: 1, memoryMiB: 1024)
        machine.nics = nics.enumerated().map { .init(source: $1.0, mac: "52:54:00:00:00:0\($0)", model: $1.1) }
        let vars = "vars: {virt: {nic: {default: {eth0: {bridge: br0}, eth1: {network: default}}}}}\n"
        let inventory = try Inventory.load([SourceText(name: "hosts.yaml", text: vars + Self.hosts)])
        let host = try #require(inventory.host("hv1"))
        let entry = MachineAdoption.entry(machine, image: nil)
        let spec = try MachineSpec(name: "db1", entry, vars: inventory.vars)
        #expect(try MachineComparison(spec: spec, host: host, present: machine).changes() == [])
    }

    @Test func anAdoptedMachineIsAsItsEntrySays() throws {
        var machine = PresentMachine(name: "db1", host: "hv1", activity: .stopped, cpus: 3, memoryMiB: 1536)
        machine.autostart = true
        machine.disks = [.init(name: nil, path: "/srv/db.img", capacity: 1 << 30)]
        machine.nics = [
            .init(source: "network lan", mac: "52:54:00:00:00:01", model: "e1000"),
            .init(source: "user", mac: "52:54:00:00:00:02"),
        ]
        let entry = MachineAdoption.entry(machine, image: nil)
        let spec = try MachineSpec(name: "db1", entry, vars: Mapping())
        let host = try #require(try Inventory.load([SourceText(name: "hosts.yaml", text: Self.hosts)]).host("hv1"))
        #expect(try MachineComparison(spec: spec, host: host, present: machine).changes() == [])
        #expect(spec.disks.first?.source == "/srv/db.img")
    }

    @Test func writesEntriesBehindThoseOfTheFile() async throws {
        try await ScratchFleet.with { scratch in
            let file = MachineFile(scratch.directory)
            try scratch.write("{}", to: "inventory/hosts.yaml")
            try file.append([("a", Mapping([("cpus", 1)]))])
            try file.append([("b", Mapping([("cpus", 2)])), ("c", Mapping([("cpus", 3)]))])
            let machines = try scratch.directory.loadInventory().machines
            #expect(machines.map(\.name) == ["a", "b", "c"])
            #expect(machines.last?.spec["cpus"]?.int == 3)
            #expect(throws: Diagnostics.self) { try file.append([("b", Mapping())]) }

            let flow = "vms: {a: {cpus: 1}} # mine\n"
            try scratch.write(flow, to: "inventory/vms.yaml")
            #expect(throws: Diagnostics.self) { try file.append([("b", Mapping([("cpus", 2)]))]) }
            #expect(try scratch.text("inventory/vms.yaml") == flow)
        }
    }

    private static func machine(_ given: Value) throws -> PresentMachine {
        let activity = given["state"]?.string.flatMap(PresentMachine.Activity.init) ?? .running
        var machine = PresentMachine(
            name: given["name"]?.string ?? "", host: given["host"]?.string ?? "", activity: activity,
            cpus: given["cpus"]?.int ?? 1, memoryMiB: given["memory"]?.int ?? 1024)
        machine.mostCPUs = given["most_cpus"]?.int ?? 0
        machine.mostMemoryMiB = given["most_memory"]?.int ?? 0
        machine.autostart = given["autostart"]?.bool ?? false
        machine.isOwned = given["owned"]?.bool ?? true
        machine.uuid = given["uuid"]?.string ?? ""
        machine.disks = try (given["disks"]?.map ?? Mapping()).map { name, size in
            .init(name: name.string, path: "/\(name.string ?? "")", capacity: try ByteSize(size).bytes)
        }
        machine.disks +=
            given["files"]?.list?.compactMap(\.string).map { .init(name: nil, path: $0, capacity: nil) } ?? []
        machine.nics = (given["nics"]?.list ?? ["bridge br0"]).enumerated().map { index, nic in
            var found = PresentMachine.NIC(
                source: nic.string ?? nic["source"]?.string ?? "", mac: "52:54:00:00:00:0\(index + 1)",
                model: nic["model"]?.string, vlan: nic["vlan"]?.int, mtu: nic["mtu"]?.int)
            found.isTrunk = nic["trunk"]?.bool ?? false
            return found
        }
        machine.hardware = given["hardware"].map(Self.hardware)
        return machine
    }

    private static func hardware(_ given: Value) -> PresentHardware {
        var hardware = PresentHardware()
        hardware.graphics = given["graphics"]?.string ?? "none"
        hardware.boot = given["boot"]?.list?.compactMap(\.string) ?? []
        hardware.iso = given["iso"]?.string
        hardware.machine = given["machine"]?.string ?? "pc-q35-7.2"
        hardware.cpu = given["cpu"]?.string
        hardware.isUEFI = given["uefi"]?.bool ?? false
        hardware.hasTPM = given["tpm"]?.bool ?? false
        hardware.maxCPUs = given["max_cpus"]?.int ?? 4
        hardware.maxMemoryMiB = given["max_memory"]?.int ?? 1024
        hardware.image = given["image"]?.string
        return hardware
    }
}
