import Foundation
import Hypervisor
import Testing

/// What is done to a domain after its making, by libvirt's own driver for tests and by real QEMU.
@Suite(.serialized) struct DomainChangeTests {
    private func withNode(_ body: (HypervisorConnection) async throws -> Void) async throws {
        let directory = try Fixture.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Fixture.text("test-node.xml").write(toFile: "\(directory)/node.xml", atomically: true, encoding: .utf8)
        let connection = try await HypervisorConnection.open(uri: "test://\(directory)/node.xml")
        try await body(connection)
        await connection.close()
    }

    @Test func changesProcessorsAndMemory() async throws {
        try await withNode { connection in
            try await connection.setCPUs("web1", 4, .config, maximum: true)
            try await connection.setCPUs("web1", 3, .config)
            let next = try await connection.description(of: "web1", .inactive)
            #expect(next.cpus == 3 && next.maximumCPUs == 4)
            #expect(try await connection.description(of: "web1").cpus == 2)
            try await connection.setMemory("web1", mebibytes: 256, .live)
            #expect(try await connection.description(of: "web1").currentMemoryMiB == 256)
            let none = await #expect(throws: HypervisorError.self) { try await connection.setCPUs("web1", 0, .config) }
            #expect(none?.code == .invalidRequest)
            let many = await #expect(throws: HypervisorError.self) { try await connection.setCPUs("web1", 9, .live) }
            #expect(many?.message.contains("vcpus") == true, "\(many?.description ?? "")")
        }
    }

    @Test func keepsAndBringsBackStates() async throws {
        try await withNode { connection in
            #expect(try await connection.snapshots(of: "web1").isEmpty)
            try await connection.makeSnapshot("first", of: "web1", note: "a < b")
            try await connection.destroy("web1")
            try await connection.makeSnapshot("second", of: "web1")
            let all = try await connection.snapshots(of: "web1")
            #expect(all.map(\.name) == ["first", "second"])
            #expect(all.map(\.state) == ["running", "shutoff"])
            #expect(all.map(\.isCurrent) == [false, true])
            #expect(all.map(\.note) == ["a < b", nil] && all.map(\.parent) == [nil, "first"])
            try await connection.revert("web1", to: "first")
            #expect(try await connection.state("web1").activity == .running)
            #expect(try await connection.deleteSnapshot("first", of: "web1"))
            #expect(try await connection.deleteSnapshot("first", of: "web1") == false)
            #expect(try await connection.snapshots(of: "web1").map(\.parent) == [nil])
            let missing = await #expect(throws: HypervisorError.self) {
                try await connection.revert("web1", to: "first")
            }
            #expect(missing?.code == .noSnapshot)
        }
    }

    @Test func savesAndGoesOn() async throws {
        try await withNode { connection in
            #expect(try await connection.isSaved("web1") == false)
            try await connection.save("web1")
            #expect(try await connection.state("web1").isActive == false)
            #expect(try await connection.isSaved("web1"))
            try await connection.discardSaved("web1")
            #expect(try await connection.isSaved("web1") == false)
        }
    }

    /// A disk, plugged in and out, grown and kept, of a guest that runs; and a copy of it made meanwhile.
    @Test(.enabled(if: PrivateDaemon.isAvailable)) func aRunningGuestIsChanged() async throws {
        try await withDaemon(ports: 49500) { daemon in
            let connection = try await daemon.connect()
            try await connection.createDirectoryPool(PoolSpec(name: "p", path: daemon.pool))
            let system = try await connection.createVolume(VolumeSpec(name: "system.qcow2", capacity: 8 << 20), in: "p")
            let data = try await connection.createVolume(VolumeSpec(name: "data.qcow2", capacity: 4 << 20), in: "p")
            let copy = try await connection.createVolume(VolumeSpec(name: "copy.qcow2", capacity: 16 << 20), in: "p")
            var spec = DomainSpec(
                name: "web1", uuid: BuilderTests.uuid, memoryMiB: 64, cpus: 1, accelerator: .emulation,
                disks: [DiskSpec(source: .file(system.path))])
            spec.maxCPUs = 2
            spec.sparePorts = 2
            try await connection.define(xml: DomainXML.text(spec))
            try await connection.start("web1")
            try await connection.setCPUs("web1", 2, .live)
            #expect(try await connection.description(of: "web1").cpus == 2)
            try await connection.resizeDisk("vda", of: "web1", to: 16 << 20)
            #expect(try await connection.capacity(of: "web1", disk: "vda") == 16 << 20)

            let disk = DomainXML.disk(DiskSpec(source: .file(data.path)), target: "vdb")
            try await connection.attach(disk, to: "web1", [.live, .config])
            #expect(try await connection.description(of: "web1").disks.map(\.target) == ["vda", "vdb"])
            #expect(try await connection.description(of: "web1", .inactive).disks.map(\.target) == ["vda", "vdb"])
            try await connection.detach(disk, from: "web1", .config)
            #expect(try await connection.description(of: "web1", .inactive).disks.map(\.target) == ["vda"])

            try await connection.beginCopy(
                of: "web1", to: [("vda", copy.path, "qcow2")], others: ["vdb"])
            while try await connection.jobStats("web1").isActive { try await Task.sleep(for: .milliseconds(20)) }
            #expect(try await connection.completedJob("web1")?.phase == .completed)

            try await connection.makeSnapshot("now", of: "web1")
            let made = try #require(try await connection.snapshots(of: "web1").first)
            #expect(made.hasMemory && made.disks.contains { $0.target == "vda" && $0.kind == "internal" })
            try await connection.revert("web1", to: "now")
            #expect(try await connection.state("web1").activity == .running)
            try await connection.save("web1")
            #expect(try await connection.isSaved("web1"))
            try await connection.start("web1")
            #expect(try await connection.state("web1").reasonName == "restored")
            try await connection.destroy("web1")
            try await connection.undefine("web1")
            await connection.close()
        }
    }
}
