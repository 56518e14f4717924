import Foundation
import Hypervisor
import Testing

/// Against libvirt's own driver for tests, which runs in this process; each test has a node of its own.
@Suite struct TestDriverTests {
    private func withNode<Answer>(_ body: (HypervisorConnection) async throws -> Answer) async throws -> Answer {
        let directory = try Fixture.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Fixture.text("test-node.xml").write(toFile: "\(directory)/node.xml", atomically: true, encoding: .utf8)
        let connection = try await HypervisorConnection.open(uri: "test://\(directory)/node.xml")
        let answer = try await body(connection)
        await connection.close()
        return answer
    }

    @Test func listsDomains() async throws {
        let domains = try await withNode { try await $0.domains() }
        let domain = try #require(domains.first)
        #expect(domains.count == 1)
        #expect(domain.name == "web1")
        #expect(domain.uuid == BuilderTests.uuid)
        #expect(domain.state.activity == .running)
        #expect(domain.cpus == 2)
        #expect(domain.memoryMiB == 512)
        #expect(domain.persistent)
        #expect(!domain.autostart)
        #expect(domain.image == "debian-12")
    }

    @Test func livesAWholeLife() async throws {
        try await withNode { connection in
            let uuid = try await connection.define(
                xml:
                    "<domain type='test'><name>db1</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>"
            )
            let domain = DomainReference.uuid(uuid)
            #expect(try await connection.state(domain).activity == .shutOff)
            try await connection.setAutostart(domain, true)
            try await connection.start(domain)
            #expect(try await connection.state("db1") == DomainState(activity: .running, reason: 1))
            try await connection.suspend(domain)
            let paused = try await connection.state(domain)
            #expect(paused.activity == .paused)
            #expect(paused.reasonName == "user")
            try await connection.resume(domain)
            #expect(try await connection.domain(domain)?.autostart == true)
            try await connection.shutdown(domain)
            #expect(try await connection.state(domain).reasonName == "shutdown")
            try await connection.rename(domain, to: "db2")
            #expect(try await connection.domain(named: "db1") == nil)
            try await connection.start("db2")
            try await connection.destroy("db2")
            #expect(try await connection.state("db2").reasonName == "destroyed")
            try await connection.undefine("db2")
            #expect(try await connection.domain(domain) == nil)
        }
    }

    @Test func notesMetadata() async throws {
        try await withNode { connection in
            #expect(try await connection.metadata("web1")?.owner == "me")
            let note = DomainMetadata(owner: "a <b> & 'c'", operation: "op-9", labels: ["k": "v"])
            try await connection.setMetadata("web1", note)
            #expect(try await connection.metadata("web1") == note)
            #expect(try await connection.description(of: "web1").metadata == note)
            #expect(try await connection.description(of: "web1", .inactive).metadata == note)
            try await connection.setMetadata("web1", nil)
            #expect(try await connection.metadata("web1") == nil)
        }
    }

    @Test func tellsOfEventsInOrder() async throws {
        try await withNode { connection in
            let events = try await connection.events()
            let second = try await connection.events()
            try await connection.suspend("web1")
            try await connection.resume("web1")
            try await connection.destroy("web1")
            var seen: [DomainEvent] = []
            for await event in events {
                seen.append(event)
                // Events come when they come; closing would cut off those still on their way.
                if seen.count == 3 { await connection.close() }
            }
            let kinds = seen.compactMap { event -> String? in
                guard case .lifecycle(let lifecycle) = event.kind, let name = lifecycle.event else { return nil }
                return "\(name) \(lifecycle.detailName)"
            }
            #expect(kinds == ["suspended paused", "resumed unpaused", "stopped destroyed"])
            #expect(seen.first?.domain == DomainEvent.Identity(name: "web1", uuid: BuilderTests.uuid))
            #expect(seen.map(\.timestamp) == seen.map(\.timestamp).sorted())
            #expect(seen.first?.timestamp ?? 0 > 0)
            var others: [DomainEvent] = []
            for await event in second { others.append(event) }
            #expect(others == seen)
        }
    }

    @Test func errorsKeepWhatLibvirtSaid() async throws {
        try await withNode { connection in
            let error = await #expect(throws: HypervisorError.self) { try await connection.start("nobody") }
            #expect(error?.code == .noDomain)
            #expect(error?.domain == 12)
            #expect(error?.operation == "start domain \"nobody\"")
            #expect(error?.message.contains("Domain not found") == true)
            let stopped = await #expect(throws: HypervisorError.self) {
                try await connection.destroy("web1")
                try await connection.suspend("web1")
            }
            #expect(stopped?.description.contains("localhost: cannot pause domain \"web1\": ") == true)
        }
    }

    @Test func poolsAndVolumes() async throws {
        try await withNode { connection in
            #expect(try await connection.poolNames() == ["stock"])
            let made = try await connection.createDirectoryPool(PoolSpec(name: "drover", path: "/var/lib/drover"))
            #expect(made.isActive)
            #expect(made.autostart)
            let again = try await connection.createDirectoryPool(PoolSpec(name: "drover", path: "/var/lib/drover"))
            #expect(again == made)
            let other = await #expect(throws: HypervisorError.self) {
                try await connection.createDirectoryPool(PoolSpec(name: "drover", path: "/elsewhere"))
            }
            #expect(other?.message.contains("/var/lib/drover") == true)

            let spec = VolumeSpec(name: "a b.qcow2", capacity: 1 << 20)
            let volume = try await connection.createVolume(spec, in: "drover")
            #expect(volume.path == "/var/lib/drover/a b.qcow2")
            #expect(volume.capacity == 1 << 20)
            #expect(volume.format == "qcow2")
            #expect(try await connection.volumes(in: "drover").map(\.name) == ["a b.qcow2"])
            #expect(try await connection.volume(path: volume.path)?.pool == "drover")
            #expect(try await connection.deleteVolume("a b.qcow2", in: "drover"))
            #expect(try await !connection.deleteVolume("a b.qcow2", in: "drover"))
            #expect(try await connection.volume("a b.qcow2", in: "drover") == nil)
            #expect(try await connection.pool("nowhere") == nil)
            #expect(try await connection.volume("old.qcow2", in: "stock")?.capacity == 64 << 20)
        }
    }

    @Test func networks() async throws {
        try await withNode { connection in
            let lan = try #require(try await connection.network("lan"))
            #expect(lan.bridge == "virbr7")
            #expect(lan.forward == "nat")
            let made = try await connection.createNetwork(xml: NetworkSpec(name: "wan", bridge: "br0").xml())
            #expect(made.isActive)
            #expect(made.forward == "bridge")
            try await connection.stopNetwork("wan")
            try await connection.undefineNetwork("wan")
            #expect(try await connection.networks().map(\.name) == ["lan"])
        }
    }

    @Test func hostInfo() async throws {
        try await withNode { connection in
            let info = try await connection.hostInfo()
            #expect(info.libvirtVersion >= LibraryVersion(9, 0))
            #expect(info.cpus == 50)
            #expect(info.memoryMiB == 8000)
            #expect(await connection.isAlive())
            await connection.close()
            #expect(await !connection.isAlive())
            let error = await #expect(throws: HypervisorError.self) { try await connection.domains() }
            #expect(error?.code == .closed)
        }
    }

    /// More connections and calls at once than the machine has processors: none may wait for another's thread.
    @Test func manyConnectionsAtOnce() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    try await withNode { connection in
                        for _ in 0..<10 {
                            try await connection.suspend("web1")
                            try await connection.resume("web1")
                        }
                        return try await connection.domains().count
                    }
                }
            }
            for try await count in group { #expect(count == 1) }
        }
    }

    /// A host that swallows the connection costs its own deadline, and an abandoned one no more than a thread.
    @Test func openingHasADeadline() async throws {
        let listener = try SilentListener()
        defer { listener.close() }
        let uri = try HypervisorURI("test+tcp://127.0.0.1:\(listener.port)/default")
        let error = await #expect(throws: HypervisorError.self) {
            try await HypervisorConnection.open(uri: uri, timeout: .milliseconds(300))
        }
        #expect(error?.code == .timedOut)
        #expect(error?.host == "127.0.0.1")
    }

    @Test func openingCanBeCancelled() async throws {
        let listener = try SilentListener()
        defer { listener.close() }
        let uri = try HypervisorURI("test+tcp://127.0.0.1:\(listener.port)/default")
        let opening = Task { try await HypervisorConnection.open(uri: uri, timeout: .seconds(600)) }
        opening.cancel()
        let error = await #expect(throws: HypervisorError.self) { try await opening.value }
        #expect(error?.code == .cancelled)
    }

    @Test func refusedConnectionsSayWhy() async throws {
        let listener = try SilentListener()
        let port = listener.port
        listener.close()
        let error = await #expect(throws: HypervisorError.self) {
            try await HypervisorConnection.open(uri: "test+tcp://127.0.0.1:\(port)/default")
        }
        #expect(error?.message.contains("refused") == true)
        #expect(error?.isConnectionLoss == true)
    }
}

/// A TCP port that accepts and says nothing.
private final class SilentListener: Sendable {
    let descriptor: Int32
    let port: UInt16

    init() throws {
        let opened = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(opened, pointer, length) | listen(opened, 8) | getsockname(opened, pointer, &length)
            }
        }
        try #require(status == 0)
        descriptor = opened
        port = UInt16(bigEndian: address.sin_port)
    }

    func close() { Glibc.close(descriptor) }
}
