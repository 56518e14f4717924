import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

@Suite struct MachineSpecTests {
    @Test(arguments: FleetFixtures.cases("machine-requests.yaml")) func whatIsAskedFor(_ line: FixtureCase) async throws
    {
        let vars = line["vars"]?.map ?? Mapping()
        let entry = line["entry"]?.map ?? Mapping()
        try await ScratchFleet.with { fleet in
            let hosts: Value = ["hosts": ["hv1": ["roles": ["hypervisor"]]], "vars": Value(vars)]
            try fleet.write(YAML.write(hosts), to: "inventory/hosts.yaml")
            let host = try #require(try fleet.context().inventory.hosts.first)
            let outcome = Result { () throws in
                let spec = try MachineSpec(name: "web1", entry, vars: vars)
                return (spec, try spec.disks(on: host), try spec.nics(on: host))
            }
            if let words = line["error"]?.string {
                guard case .failure(let error) = outcome, let problem = (error as? Diagnostics)?.all.first else {
                    Issue.record("it was taken")
                    return
                }
                #expect(problem.summary.hasPrefix(words), "\(problem.summary)")
                if let hint = line["hint"]?.string { #expect(problem.hint == hint) }
                return
            }
            let (spec, disks, nics) = try outcome.get()
            if let wanted = line["disks"]?.list { #expect(disks.map(Self.value) == wanted) }
            if let wanted = line["nics"]?.list {
                #expect(zip(nics, wanted).map { Self.value($0, withAddress: $1["mac"] != nil) } == wanted)
                #expect(nics.count == wanted.count)
                #expect(Set(nics.map(\.mac)).count == nics.count)
            }
            for (key, wanted) in line["machine"]?.map ?? Mapping() {
                #expect(Self.value(spec)[key] == wanted, "\(key.string ?? "")")
            }
        }
    }

    private static func value(_ disk: DiskRequest) -> Value {
        var value = Mapping([("name", Value(disk.name))])
        let texts = [
            ("size", disk.size?.description), ("format", disk.format), ("pool", disk.pool), ("bus", disk.bus),
            ("image", disk.image), ("source", disk.source), ("cache", disk.cache), ("io", disk.io),
            ("serial", disk.serial), ("backing", disk.backing.map { "\($0.path) (\($0.format))" }),
            ("hostname_property", disk.hostnameProperty), ("device", disk.device == .disk ? nil : disk.device.rawValue),
        ]
        for (key, text) in texts { if let text { value[key] = Value(text) } }
        let truths = [
            ("overlay", disk.overlay), ("discard", disk.discard), ("iothread", disk.iothread), ("sparse", disk.sparse),
            ("read_only", disk.isReadOnly ? true : nil),
        ]
        if let id = disk.iothreadID { value["iothread_id"] = Value(id) }
        for (key, truth) in truths { if let truth { value[key] = Value(truth) } }
        return Value(value)
    }

    private static func value(_ nic: NICRequest, withAddress: Bool) -> Value {
        var value = Mapping([("name", Value(nic.name))])
        switch nic.source {
        case .bridge(let name): value["bridge"] = Value(name)
        case .network(let name): value["network"] = Value(name)
        case .direct(let name, let mode):
            value["direct"] = Value(name)
            value["mode"] = Value(mode)
        case .user: value["user"] = true
        case nil: break
        }
        let texts = [("model", nic.model), ("ip", nic.address), ("gateway", nic.gateway)]
        for (key, text) in texts { if let text { value[key] = Value(text) } }
        for (key, number) in [("vlan", nic.vlan), ("mtu", nic.mtu)] { if let number { value[key] = Value(number) } }
        if !nic.dns.isEmpty { value["dns"] = Value(nic.dns.map { Value($0) }) }
        if withAddress { value["mac"] = Value(nic.mac?.description ?? "") }
        return Value(value)
    }

    private static func value(_ spec: MachineSpec) -> Mapping {
        func words(_ words: [String]) -> Value { Value(words.map { Value($0) }) }
        func text(_ text: String?) -> Value { text.map { Value($0) } ?? .null }
        let cpu =
            switch spec.cpu {
            case .fleet: "fleet"
            case .host: "host"
            case .model(let name): name
            }
        return Mapping([
            ("image", text(spec.image)), ("cpus", Value(spec.cpus)), ("max_cpus", Value(spec.maxCPUs ?? 0)),
            ("memory", Value(spec.memory.description)), ("max_memory", text(spec.maxMemory?.description)),
            ("host", text(spec.host)), ("place", text(spec.place)), ("spread", words(spec.spread)),
            ("affinity", words(spec.affinity)), ("autostart", Value(spec.autostart)), ("uefi", Value(spec.isUEFI)),
            ("secure_boot", Value(spec.hasSecureBoot)), ("tpm", Value(spec.hasTPM)), ("machine", text(spec.machine)),
            ("cpu", Value(cpu)), ("boot", words(spec.boot)), ("graphics", Value(spec.graphics.rawValue)),
            ("iso", text(spec.iso)), ("full_copy", Value(spec.fullCopy)), ("state", Value(spec.startState.rawValue)),
            ("ssh_keys", words(spec.sshKeys)), ("user_data", text(spec.userData)),
            ("network_config", text(spec.networkConfig)), ("seed", Value(spec.seed.rawValue)),
            ("files", words(spec.files.map(\.path))), ("roles", words(spec.roles)), ("vars", Value(spec.vars)),
            ("profile", text(spec.profile)),
        ])
    }

    @Test(arguments: ["", "-x", ".x", "a b", "a/b", "ü", String(repeating: "a", count: 64)])
    func impossibleNamesAreRefused(_ name: String) {
        #expect(throws: Diagnostics.self) { try MachineSpec(name: name, image: "i").validate() }
    }

    @Test func uuidsAreOfVersionFour() {
        let uuids = (0..<100).map { _ in RandomUUID.make() }
        #expect(Set(uuids).count == 100)
        for uuid in uuids {
            #expect(uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        }
    }
}
