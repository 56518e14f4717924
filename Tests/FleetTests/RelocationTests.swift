import Testing
import Values

@testable import Fleet

/// Where VMs go that have to leave their hosts.
@Suite struct RelocationTests {
    @Test(arguments: FleetFixtures.cases("relocations.yaml")) func places(_ line: FixtureCase) throws {
        let hosts = try #require(line["hosts"]?.map)
        let candidates = try hosts.map { try PlacementTests.candidate($0.string ?? "", $1) }
        let machines = try #require(line["vms"]?.list)
        let leavers = machines.map { machine in
            let spec = PlacementTests.spec(machine)
            return RelocationRound.Leaver(
                request: PlacementTests.request(machine, spec, candidates.map(\.host)),
                affinity: Set(machine["affinity"]?.list?.compactMap(\.string) ?? []),
                memoryMiB: spec.memory.mebibytes)
        }
        let places = RelocationRound.places(for: leavers, on: candidates)
        #expect(places.count == leavers.count)
        for (name, host) in try #require(line["places"]?.map) {
            let index = try #require(leavers.firstIndex { $0.name == name.string })
            #expect((try? places[index].get()) == host.string, "\(places[index])")
        }
        for (name, words) in line["reasons"]?.map ?? Mapping() {
            let index = try #require(leavers.firstIndex { $0.name == name.string })
            guard case .failure(let reason) = places[index] else { continue }
            #expect(reason.summary.hasPrefix(words.string ?? "?"), "\(reason.summary)")
        }
    }

    @Test func aHostTellsThatItIsDrained() {
        let mark = DrainMark(by: "ada@desk", at: "2026-01-31T12:00:00Z", reason: "a \"new\" fan\n", operation: "op1")
        #expect(!mark.line.contains("\n"))
        let system = HostSystem("load 1\ndrained \(mark.line)\n")
        #expect(system.drain?.by == "ada@desk" && system.drain?.operation == "op1")
        #expect(system.outOfService?.hasPrefix("drained by ada@desk at 2026-01-31T12:00:00Z: a \"new\" fan") == true)
        #expect(HostSystem("drained \n").outOfService == "drained by somebody", "what cannot be read is a mark too")
        #expect(HostSystem("load 1\n").outOfService == nil)
        var stock = HostStock(cpus: 1, memoryMiB: 1024)
        Result<HostSystem, HostProblem>.success(system).add(to: &stock)
        #expect(stock.maintenance == system.drain?.words)
    }

    @Test func drainsAreGoneOnWithAsTheyWereBegun() async throws {
        try await ScratchFleet.with { fleet in
            var options = DrainOptions()
            options.to = "hv[2-3]"
            options.ifCannotMove = .stop
            options.deadline = 600
            options.migration.bandwidth = 1 << 20
            let journal = Journal(fleet.directory)
            let log = try journal.begin("drain", options.journal)
            let read = DrainOptions(try #require(journal.operation(log.id)))
            #expect(read.to == "hv[2-3]" && read.ifCannotMove == .stop && read.deadline == 600)
            #expect(read.migration.bandwidth == 1 << 20 && read.migration.deadline == nil)
        }
    }

    @Test func whatIsNotedOfDeparturesIsReadBack() {
        let departure = DrainRecord.Departure(vm: "web \"1\"", uuid: "u", to: "hv2")
        #expect(DrainRecord.Departure(line: departure.line) == departure)
        #expect(DrainRecord.Departure(line: "{\"vm\": \"torn") == nil)
    }
}
