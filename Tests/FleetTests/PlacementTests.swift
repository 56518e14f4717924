import Inventory
import Testing
import Values

@testable import Fleet

/// Which host a VM is given to, and what is said of the others.
@Suite struct PlacementTests {
    @Test(arguments: FleetFixtures.cases("placements.yaml")) func places(_ line: FixtureCase) throws {
        let hosts = try #require(line["hosts"]?.map)
        var round = PlacementRound(try hosts.map { try Self.candidate($0.string ?? "", $1) })
        let machines = try #require(line["vms"]?.list)
        let specs = machines.map(Self.spec)
        var placings: [String: MachinePlacing] = [:]
        for index in MachinePlacement.order(specs) {
            let request = Self.request(machines[index], specs[index], round.candidates.map(\.host))
            placings[specs[index].name] = round.place(request)
        }
        for (name, host) in try #require(line["places"]?.map) {
            #expect(placings[name.string ?? ""]?.host == host.string, "\(name.string ?? "")")
        }
        let last = try #require(placings[specs[specs.count - 1].name])
        for (host, words) in line["excluded"]?.map ?? Mapping() {
            let verdict = try #require(last.verdicts.first { $0.host == host.string })
            let said = verdict.obstacles.map(\.text).joined(separator: "; ")
            #expect(said.hasPrefix(words.string ?? "?"), "\(said)")
        }
        if let isSilent = line["unknown"]?.bool { #expect(last.isForSilence == isSilent) }
        if let warnings = line["warnings"]?.list?.compactMap(\.string) {
            #expect(last.warnings.map(\.summary) == warnings)
        }
        let overruled = line["overruled"]?.list?.compactMap(\.string) ?? []
        #expect(last.overruled.count == overruled.count)
        for (obstacle, words) in zip(last.overruled, overruled) { #expect(obstacle.text.hasPrefix(words)) }
    }

    @Test func theOrderOfTheHostsDoesNotMatter() throws {
        let stock = HostStock(cpus: 8, memoryMiB: 16384)
        let names = ["hv3", "hv1", "hv2"]
        let orders = [names, names.sorted(), names.reversed()].map { order in
            var round = PlacementRound(order.map { .init(host: $0, stock: .success(stock)) })
            return (0..<7).map { index in
                let demand = MachineDemand(name: "vm\(index)", memoryMiB: 700)
                let demands = Dictionary(order.map { ($0, Result<_, Diagnostics>.success(demand)) }) { $1 }
                return round.place(.init(name: demand.name, demands: demands)).host
            }
        }
        #expect(Set(orders) == [["hv1", "hv2", "hv3", "hv1", "hv2", "hv3", "hv1"]])
    }

    @Test func readsRatios() throws {
        let vars = try #require(
            YAML.read(
                SourceText(
                    name: "vars",
                    text: "virt: {placement: {memory_ratio: 1.5, cpu_ratio: 4, disk_ratio: 1, reserve_memory: 2G}}")
            ).map)
        let ratios = try OvercommitRatios(vars: vars)
        #expect(ratios.memory == 1.5 && ratios.cpu == 4 && ratios.disk == 1 && ratios.reservedMiB == 2048)
        let wrong = try YAML.read(
            SourceText(name: "vars", text: "virt: {placement: {memory_ration: 1, cpu_ratio: much}}"))
        let thrown = #expect(throws: Diagnostics.self) { try OvercommitRatios(vars: wrong.map ?? Mapping()) }
        #expect(thrown?.all.count == 2)
        #expect(thrown?.all.first?.hint == "did you mean \"memory_ratio\"?")
    }

    @Test func readsWhatAHostSaysOfItself() {
        let system = HostSystem(
            "memory 2048000\nload 0.52\nlink lo\nlink br0\nbridge br0\nnonsense\nmaintenance new \u{1B}[31mfan\n")
        #expect(system.availableMiB == 2000 && system.load == 0.52)
        #expect(system.links == ["lo", "br0"] && system.bridges == ["br0"])
        #expect(system.maintenance?.hasPrefix("new ") == true)
        #expect(system.maintenance?.contains("\u{1B}") == false)
        #expect(HostSystem("maintenance \n").maintenance?.isEmpty == true)
        #expect(HostSystem("load 1\n").maintenance == nil)
    }

    static func candidate(_ name: String, _ given: Value) throws -> PlacementRound.Candidate {
        if let problem = given["silent"]?.string {
            return .init(host: name, stock: .failure(.error(problem)))
        }
        let vars = Mapping([("virt", Value(Mapping([("placement", given["ratios"] ?? .null)])))])
        var stock = HostStock(
            guests: ["x86_64": given["kvm"]?.bool ?? true], cpus: given["cpus"]?.int ?? 8,
            memoryMiB: mebibytes(given["memory"]) ?? 16384, availableMiB: mebibytes(given["available"]))
        if let guests = given["guests"]?.map {
            stock.guests = Dictionary(guests.map { ($0.string ?? "", $1.bool ?? false) }) { $1 }
        }
        stock.load = given["load"]?.int.map(Double.init)
        stock.maintenance = given["maintenance"]?.string
        if let reason = given["speechless"]?.string {
            Result<HostSystem, HostProblem>.failure(.init(.unreachable, .error(reason))).add(to: &stock)
        }
        stock.processors = words(given["processors"])
        stock.volumes = words(given["volumes"]) ?? []
        if given["unlearnt"]?.bool != true {
            stock.bridges = words(given["bridges"]) ?? ["br0"]
            stock.links = words(given["links"]) ?? []
        }
        for (network, isActive) in given["networks"]?.map ?? Mapping() {
            stock.networks[network.string ?? ""] = isActive.bool
        }
        let size = (given["disk"]?.int ?? 1000) << 30
        for pool in words(given["pools"]) ?? [] { stock.pools[pool] = .init(capacity: size, available: size) }
        stock.pools["default"] = .init(
            capacity: size, available: size, promised: (given["promised"]?.int ?? 0) << 30)
        stock.machines = (given["vms"]?.list ?? []).map { machine in
            HostStock.Machine(
                name: machine["name"]?.string ?? "", cpus: machine["cpus"]?.int ?? 1,
                memoryMiB: mebibytes(machine["memory"]) ?? 0, isReserving: machine["stopped"]?.bool != true,
                spread: words(machine["spread"]) ?? [], affinity: words(machine["affinity"]) ?? [])
        }
        return .init(host: name, stock: .success(stock), ratios: try OvercommitRatios(vars: vars))
    }

    static func spec(_ machine: Value) -> MachineSpec {
        var spec = MachineSpec(name: machine["name"]?.string ?? "")
        spec.memory = ByteSize(mebibytes: mebibytes(machine["memory"]) ?? 0)
        spec.host = machine["host"]?.string
        return spec
    }

    static func request(_ machine: Value, _ spec: MachineSpec, _ hosts: [String]) -> PlacementRound.Request {
        let demand = MachineDemand(
            name: spec.name, cpus: machine["cpus"]?.int ?? 1, memoryMiB: spec.memory.mebibytes,
            processor: machine["processor"]?.string,
            disks: [machine["pool"]?.string ?? "default": (machine["disk"]?.int ?? 1) << 30],
            bridges: words(machine["bridges"]) ?? ["br0"], networks: words(machine["networks"]) ?? [],
            links: words(machine["links"]) ?? [], image: machine["image"]?.string,
            spread: words(machine["spread"]) ?? [], affinity: words(machine["affinity"]) ?? [])
        let place = machine["place"]?.string
        return PlacementRound.Request(
            name: spec.name, demands: Dictionary(hosts.map { ($0, .success(demand)) }) { $1 },
            allowed: place.map { [$0] }, place: place, fixed: spec.host)
    }

    private static func mebibytes(_ value: Value?) -> Int? {
        (value?.double ?? value?.int.map(Double.init)).map { Int($0 * 1024) }
    }

    private static func words(_ value: Value?) -> Set<String>? {
        value?.list.map { Set($0.compactMap(\.string)) }
    }
}
