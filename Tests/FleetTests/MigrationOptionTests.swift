import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

@Suite struct MigrationOptionTests {
    private static func end(_ name: String, _ value: Value?) throws -> MigrationStreams.End {
        let row = try #require(value?.list)
        func version(_ value: Value) -> LibraryVersion? {
            let parts = value.scalarText?.split(separator: ".").compactMap { UInt($0) } ?? []
            return parts.count == 2 ? LibraryVersion(parts[0], parts[1]) : nil
        }
        return .init(
            host: name, libvirt: try #require(version(row[0])), qemu: version(row[1]), cpus: try #require(row[2].int))
    }

    @Test(arguments: FleetFixtures.cases("migration-streams.yaml"))
    func memoryTravelsAsBothEndsCan(line: FixtureCase) throws {
        var options = MigrationOptions()
        options.plain = line["plain"]?.bool ?? false
        options.compress = line["compress"]?.bool ?? false
        options.parallelConnections = line["asked"]?.int
        options.bandwidth = line["bandwidth"]?.int.map { $0 << 20 }
        options.ifStuck = line["if_stuck"]?.string.flatMap(MigrationOptions.IfStuck.init) ?? .cancel
        do throws(Diagnostics) {
            let streams = try MigrationStreams(
                options, source: try Self.source(line), destination: try Self.destination(line),
                memoryMiB: line["memory"]?.int ?? 1024)
            #expect(line["refuses"] == nil)
            #expect(streams.connections == line["connections"]?.int)
            #expect(streams.compression == [line["compression"]?.string].compactMap(\.self))
            #expect(streams.warnings.first?.summary == line["warns"]?.string)
            #expect(streams.compression.isEmpty || (streams.compression == ["zstd"]) == (streams.connections != nil))
        } catch {
            let said = error.all.map { $0.rendered(colored: false) }.joined()
            #expect(line["refuses"]?.string.map { said.hasPrefix($0) } == true, "\(said)")
        }
    }

    private static func source(_ line: FixtureCase) throws(Diagnostics) -> MigrationStreams.End {
        try known(try? end("hv1", line["source"]))
    }

    private static func destination(_ line: FixtureCase) throws(Diagnostics) -> MigrationStreams.End {
        try known(try? end("hv2", line["destination"]))
    }

    private static func known(_ end: MigrationStreams.End?) throws(Diagnostics) -> MigrationStreams.End {
        guard let end else { throw Diagnostics(.error("the case is incomplete")) }
        return end
    }

    @Test(arguments: FleetFixtures.cases("data-networks.yaml"))
    func dataTakeTheNetworkThatWasAskedFor(line: FixtureCase) throws {
        let text = """
            hosts:
              hv2: {address: 10.77.0.12, vars: {networks: {san: 10.88.0.11, odd: [1]}}}
            """
        let inventory = try Inventory.load([SourceText(name: "hosts.yaml", text: text)])
        let host = try #require(inventory.hosts.first)
        let found = Result {
            try DataNetwork(line["via"]?.string ?? "").address(
                of: host,
                having: ["127.0.0.1", "10.77.0.12", "10.88.0.12", "::1", "fe80::12", "fd00:88::12"])
        }
        switch found {
        case .success(let address): #expect(address == line["finds"]?.string)
        case .failure(let error):
            #expect((error as? Diagnostics)?.all.first?.summary == line["refuses"]?.string)
        }
    }

    @Test(arguments: FleetFixtures.cases("migration-schedules.yaml"))
    func asManyGoOnAsHostsBear(line: FixtureCase) throws {
        var limits = MigrationBatch.Limits()
        limits.outgoing = line["limits"]?["outgoing"]?.int ?? limits.outgoing
        limits.incoming = line["limits"]?["incoming"]?.int ?? limits.incoming
        limits.link = line["limits"]?["link"]?.int ?? limits.link
        limits.total = line["limits"]?["total"]?.int ?? limits.total
        let moves = try #require(line["moves"]?.list).map { move in
            MigrationSchedule.Move(from: move.list?[0].string, to: move.list?[1].string ?? "")
        }
        var schedule = MigrationSchedule(moves, limits: limits)
        var begun = [schedule.begin()]
        for index in try #require(line["ends"]?.list).compactMap(\.int) {
            schedule.end(index)
            begun.append(schedule.begin())
        }
        #expect(begun == line["begins"]?.list?.map { $0.list?.compactMap(\.int) ?? [] })
    }

    /// Rows of [MiB/s in all, disks, each at first, MiB/s that disks take later, memory's share then or nil].
    @Test(
        arguments: [
            (80, 0, 80, 0, nil), (80, 1, 80, 0, nil), (80, 4, 20, 0, 80), (80, 4, 20, 30, 50), (80, 4, 20, 79, nil),
            (80, 2, 40, 79, 20), (1, 3, 1, 5, nil), (81, 2, 40, 1, 80),
        ] as [(Int, Int, Int, Int, Int?)])
    func sharesHoldTheTotal(total: Int, disks: Int, first: Int, taken: Int, memory: Int?) {
        var share = BandwidthShare(bandwidth: total << 20, disks: disks)
        #expect(share.initial == first)
        #expect(share.change(diskRate: taken << 20) == memory)
        #expect(share.change(diskRate: taken << 20) == nil)
    }

    @Test func theJournalKeepsWhatWasAskedFor() async throws {
        try await ScratchFleet.with { fleet in
            var options = MigrationOptions()
            options.plain = true
            options.bandwidth = 80 << 20
            options.maxDowntime = 77
            options.deadline = 90
            options.ifStuck = .pause
            options.via = "san"
            options.fastSwitchover = true
            options.keepSource = 0
            let log = try Journal(fleet.directory).begin("migrate", options.journal)
            #expect(MigrationOptions(try Journal(fleet.directory).known(log.id)) == options)
            #expect(!log.has(.pausing))
            try log.record(MigrationStep.pausing.rawValue)
            #expect(log.has(.pausing))
        }
    }
}
