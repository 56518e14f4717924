import Foundation
import Hypervisor
import Synchronization
import Testing

/// Against real libvirt daemons and real QEMU, where they are installed.
@Suite(.serialized, .enabled(if: PrivateDaemon.isAvailable)) struct QEMUTests {
    /// A piece of a sparse file: data, then a hole of so many bytes.
    struct Piece: Sendable {
        var text: String?
        var hole = 0
    }

    private func sparseFile(_ directory: String, _ pieces: [Piece]) throws -> String {
        let path = directory + "/local image.raw"
        try Data().write(to: URL(fileURLWithPath: path))
        let file = try #require(FileHandle(forWritingAtPath: path))
        for piece in pieces {
            if let text = piece.text { try file.write(contentsOf: Data(String(repeating: text, count: 5000).utf8)) }
            let end = try file.offset() + UInt64(piece.hole)
            try file.truncate(atOffset: end)
            try file.seek(toOffset: end)
        }
        try file.close()
        return path
    }

    static let files: [[Piece]] = [
        [Piece(text: "data")],
        [Piece(text: "data", hole: 3 << 20), Piece(text: "more")],
        [Piece(hole: 1 << 20), Piece(text: "late", hole: 5 << 20)],
        [Piece(hole: 2 << 20)],
    ]

    @Test(arguments: files) func uploadsByteForByte(_ pieces: [Piece]) async throws {
        try await withDaemon(ports: 49500) { daemon in
            let connection = try await daemon.connect()
            try await connection.createDirectoryPool(PoolSpec(name: "p", path: daemon.pool))
            let local = try Fixture.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: local) }
            let path = try sparseFile(local, pieces)
            let content = try Data(contentsOf: URL(fileURLWithPath: path))
            let size = UInt64(content.count)
            let volume = try await connection.createVolume(
                VolumeSpec(name: "image.raw", capacity: size, format: "raw"), in: "p")
            let seen = Mutex<[UploadProgress]>([])
            try await connection.upload(path, to: "image.raw", in: "p") { step in seen.withLock { $0.append(step) } }
            #expect(try Data(contentsOf: URL(fileURLWithPath: volume.path)) == content)
            #expect(seen.withLock { $0.last } == UploadProgress(sent: size, total: size))
            let info = try #require(try await connection.volume("image.raw", in: "p"))
            #expect(info.physical == size)
            // What was a hole has stayed one.
            if pieces.contains(where: { $0.hole > 0 }) { #expect(info.allocation < size) }
            try await sendsBack("image.raw", content, as: local + "/back", over: connection)
            await connection.close()
        }
    }

    /// Fetches a volume that is to hold `content`: equal bytes, holes kept, and a file in the way left alone.
    private func sendsBack(
        _ volume: String, _ content: Data, as path: String, over connection: HypervisorConnection
    ) async throws {
        let seen = Mutex<[UploadProgress]>([])
        try await connection.download(volume, in: "p", to: path) { step in seen.withLock { $0.append(step) } }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
        let size = UInt64(content.count)
        #expect(seen.withLock { $0.last } == UploadProgress(sent: size, total: size))
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let here = try #require(try await connection.volume(volume, in: "p")).allocation
        #expect(UInt64(status.st_blocks) * 512 <= here + 4096)
        let again = await #expect(throws: HypervisorError.self) {
            try await connection.download(volume, in: "p", to: path)
        }
        #expect(again?.code == .localFile)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
        await #expect(throws: HypervisorError.self) {
            try await connection.download("none", in: "p", to: path + "2")
        }
        #expect(!FileManager.default.fileExists(atPath: path + "2"))
    }

    /// A range goes to its own place and leaves the rest alone.
    @Test func uploadsAPieceToItsPlace() async throws {
        try await withDaemon(ports: 49500) { daemon in
            let connection = try await daemon.connect()
            try await connection.createDirectoryPool(PoolSpec(name: "p", path: daemon.pool))
            let local = try Fixture.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: local) }
            let path = try sparseFile(local, [Piece(text: "data", hole: 3 << 20), Piece(text: "more")])
            let content = try Data(contentsOf: URL(fileURLWithPath: path))
            let spec = VolumeSpec(name: "piece", capacity: UInt64(content.count), format: "raw")
            let volume = try await connection.createVolume(spec, in: "p")
            try await connection.upload(path, to: "piece", in: "p", range: (3 << 20)..<UInt64(content.count))
            var expected = Data(count: content.count)
            expected.replaceSubrange((3 << 20)..., with: content[(3 << 20)...])
            #expect(try Data(contentsOf: URL(fileURLWithPath: volume.path)) == expected)
            try await connection.upload(path, to: "piece", in: "p", range: 0..<(3 << 20))
            #expect(try Data(contentsOf: URL(fileURLWithPath: volume.path)) == content)
            await connection.close()
        }
    }

    @Test func uploadNoticesWhatIsWrong() async throws {
        try await withDaemon(ports: 49500) { daemon in
            let connection = try await daemon.connect()
            try await connection.createDirectoryPool(PoolSpec(name: "p", path: daemon.pool))
            let local = try Fixture.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: local) }
            let path = try sparseFile(local, [Piece(text: "data")])
            _ = try await connection.createVolume(VolumeSpec(name: "big", capacity: 1 << 20, format: "raw"), in: "p")
            let longer = await #expect(throws: HypervisorError.self) {
                try await connection.upload(path, to: "big", in: "p")
            }
            #expect(longer?.message == "the volume has 1048576 bytes, the file 20000")
            let missing = await #expect(throws: HypervisorError.self) {
                try await connection.upload(local + "/none", to: "big", in: "p")
            }
            #expect(missing?.code == .localFile)
            let folder = await #expect(throws: HypervisorError.self) {
                try await connection.upload(local, to: "big", in: "p")
            }
            #expect(folder?.message.contains("not a regular file") == true)
            let nowhere = await #expect(throws: HypervisorError.self) {
                try await connection.upload(path, to: "none", in: "p")
            }
            #expect(nowhere?.code == .noVolume)
            let upload = Task { try await connection.upload(path, to: "big", in: "p") }
            upload.cancel()
            let cancelled = await #expect(throws: HypervisorError.self) { try await upload.value }
            #expect(cancelled?.code == .cancelled)
            await connection.close()
        }
    }

    /// A guest that runs, with an overlay on an image and a second, empty disk.
    private func makeGuest(_ connection: HypervisorConnection, pool: String, capacity: UInt64) async throws {
        try await connection.createDirectoryPool(PoolSpec(name: "p", path: pool))
        let image = try await connection.createVolume(VolumeSpec(name: "image.qcow2", capacity: 32 << 20), in: "p")
        let overlay = try await connection.createVolume(
            VolumeSpec(
                name: "web 1.qcow2", capacity: capacity, backing: .init(path: image.path, format: "qcow2")), in: "p")
        #expect(overlay.backing == .init(path: image.path, format: "qcow2"))
        var spec = DomainSpec(
            name: "web1", uuid: BuilderTests.uuid, memoryMiB: 64, cpus: 1, accelerator: .emulation,
            disks: [DiskSpec(source: .file(overlay.path))], interfaces: [InterfaceSpec(source: .user)],
            metadata: DomainMetadata(owner: "test", image: "image"))
        spec.display = DomainSpec.Display(.vnc)
        try await connection.define(xml: DomainXML.text(spec))
    }

    @Test func runsWhatTheBuilderWrites() async throws {
        try await withDaemon(ports: 49500) { daemon in
            let connection = try await daemon.connect()
            let host = try await connection.hostInfo()
            #expect(host.capabilities.guests.contains { $0.architecture == "x86_64" && $0.machines.contains("q35") })
            #expect(host.hypervisorVersion ?? LibraryVersion(0, 0) > LibraryVersion(5, 0))
            try await makeGuest(connection, pool: daemon.pool, capacity: 64 << 20)
            try await connection.start("web1", paused: true)
            #expect(try await connection.state("web1").activity == .paused)
            try await connection.resume("web1")
            let description = try await connection.description(of: "web1")
            #expect(description.disks.first?.backing == [.file(daemon.pool + "/image.qcow2")])
            #expect(description.vnc?.address == "127.0.0.1")
            #expect(description.consolePath?.hasPrefix("/dev/pts/") == true)
            #expect(description.cpu?.first("model")?.text == "Nehalem")
            #expect(try await connection.jobStats("web1").phase == .none)
            #expect(try await connection.sideState(of: "web1", on: .source) == .running)
            #expect(try await connection.domains().first?.image == "image")
            let kind = GuestKind(accelerator: .emulation)
            let model = try #require(try await connection.hostModel(for: kind))
            #expect(try await connection.fit(of: model, for: kind) != .incompatible)
            #expect(try await connection.baseline(of: [model, model], for: kind).first("model") != nil)
            try await connection.destroy("web1")
            try await connection.undefine("web1")
            await connection.close()
        }
    }

    private struct Pair {
        let source: HypervisorConnection
        let destination: HypervisorConnection
        let request: MigrationRequest
    }

    /// Two hosts, a guest that runs on the first, and the request to move it to the second.
    private func withPair(capacity: UInt64 = 64 << 20, _ body: (Pair) async throws -> Void) async throws {
        try await withDaemon(ports: 49500) { first in
            try await withDaemon(ports: 49600) { second in
                let source = try await first.connect()
                let destination = try await second.connect()
                try await makeGuest(source, pool: first.pool, capacity: capacity)
                try await destination.createDirectoryPool(PoolSpec(name: "p", path: second.pool))
                try await source.start("web1")
                var live = try MigrationXML(reading: await source.xml("web1", [.migratable, .secure]))
                var rest = try MigrationXML(reading: await source.xml("web1", [.migratable, .secure, .inactive]))
                let disk = DiskSource.file(second.pool + "/web 1.qcow2")
                let moved = [live.setSource(of: "vda", to: disk), rest.setSource(of: "vda", to: disk)]
                #expect(moved == [true, true])
                let request = MigrationRequest(
                    destinationURI: try HypervisorURI(second.uri), migrateURI: "tcp://127.0.0.1",
                    listenAddress: "127.0.0.1", destinationXML: try live.text(), persistentXML: try rest.text(),
                    storage: .full, migrateDisks: ["vda"], tls: false)
                try await body(Pair(source: source, destination: destination, request: request))
                await source.close()
                await destination.close()
            }
        }
    }

    @Test func movesARunningGuestPausedAndResumesIt() async throws {
        try await withPair { pair in
            let left = try await pair.source.events()
            let arrived = try await pair.destination.events()
            try await pair.source.migrate("web1", pair.request)
            let source = try await pair.source.sideState(of: "web1", on: .source)
            let destination = try await pair.destination.sideState(of: "web1", on: .destination)
            #expect(source == .absent)
            #expect(destination == .pausedByUs)
            #expect(MigrationTruth.action(source: source, destination: destination) == .resumeDestination)
            try await pair.destination.resume("web1")
            #expect(try await pair.destination.state("web1").activity == .running)
            let job = try #require(try await pair.destination.completedJob("web1"))
            #expect(job.phase == .completed)
            #expect(job.memory.processed > 0)
            #expect(try await pair.destination.domain(named: "web1")?.persistent == true)
            #expect(try await pair.destination.description(of: "web1").disks.first?.backing == [])
            await pair.source.close()
            await pair.destination.close()
            let stopped = await last(left) { $0.event == .suspended && $0.detailName == "migrated" }
            let resumed = await last(arrived) { $0.event == .resumed && $0.detailName == "unpaused" }
            #expect(try #require(resumed) > (try #require(stopped)))
        }
    }

    private func last(_ events: AsyncStream<DomainEvent>, where wanted: (Lifecycle) -> Bool) async -> UInt64? {
        var time: UInt64?
        for await event in events {
            if case .lifecycle(let lifecycle) = event.kind, wanted(lifecycle) { time = event.timestamp }
        }
        return time
    }

    @Test func tellsProgressAndAbortsWhileItMoves() async throws {
        try await withPair(capacity: 4 << 30) { pair in
            var request = pair.request
            // At this rate the copy of the disk takes far longer than this test needs.
            request.bandwidthMiB = 16
            let slow = request
            let moving = Task { try await pair.source.migrate("web1", slow) }
            var progress = try await pair.source.jobStats("web1")
            while !progress.isActive || progress.data.total == 0 {
                try await Task.sleep(for: .milliseconds(20))
                progress = try await pair.source.jobStats("web1")
            }
            try await pair.source.setMaxDowntime("web1", milliseconds: 300)
            let source = try await pair.source.sideState(of: "web1", on: .source)
            let destination = try await pair.destination.sideState(of: "web1", on: .destination)
            #expect(source == .runningJobActive)
            #expect(destination == .pausedIncoming)
            #expect(MigrationTruth.action(source: source, destination: destination) == .reattach)
            try await pair.source.abortJob("web1")
            let error = await #expect(throws: HypervisorError.self) { try await moving.value }
            #expect(error?.code == .operationAborted, "\(error?.description ?? "")")
            #expect(try await pair.source.sideState(of: "web1", on: .source) == .running)
            #expect(try await pair.destination.sideState(of: "web1", on: .destination) == .absent)
            #expect(MigrationTruth.action(source: .running, destination: .absent) == .deleteLeftovers)
            // What was made for it at the destination is libvirt's to forget and ours to delete.
            try await pair.destination.refreshPool("p")
            #expect(try await pair.destination.deleteVolume("web 1.qcow2", in: "p"))
        }
    }

    @Test func noticesThatAHostIsGone() async throws {
        try await withDaemon(ports: 49500) { daemon in
            let connection = try await daemon.connect()
            try await makeGuest(connection, pool: daemon.pool, capacity: 64 << 20)
            #expect(try await connection.sideState(of: "web1", on: .source) == .shutOff)
            #expect(try await connection.sideState(of: "web2", on: .source) == .absent)
            let events = try await connection.events()
            daemon.kill()
            var kinds: [DomainEvent.Kind] = []
            for await event in events { kinds.append(event.kind) }
            guard case .connectionLost = kinds.last else {
                Issue.record("the last event is \(String(describing: kinds.last))")
                return
            }
            let error = await #expect(throws: HypervisorError.self) { try await connection.domains() }
            #expect(error?.isConnectionLoss == true, "\(error?.description ?? "")")
            #expect(try await connection.sideState(of: "web1", on: .source) == .unreachable)
            #expect(await !connection.isAlive())
            await connection.close()
        }
    }

    /// Copies only the top layer, onto an overlay that stands on an equal image at the destination.
    @Test func movesOnlyTheTopLayer() async throws {
        try await withPair { pair in
            let pool = try #require(try await pair.destination.pool("p")?.path)
            let image = try await pair.destination.createVolume(
                VolumeSpec(name: "image.qcow2", capacity: 32 << 20), in: "p")
            _ = try await pair.destination.createVolume(
                VolumeSpec(
                    name: "web 1.qcow2", capacity: 64 << 20, backing: .init(path: image.path, format: "qcow2")),
                in: "p")
            var request = pair.request
            request.storage = .incremental
            request.parallelConnections = 2
            try await pair.source.migrate("web1", request)
            #expect(try await pair.source.sideState(of: "web1", on: .source) == .absent)
            try await pair.destination.resume("web1")
            let disk = try #require(try await pair.destination.description(of: "web1").disks.first)
            #expect(disk.source == .file(pool + "/web 1.qcow2"))
            #expect(disk.backing == [.file(image.path)])
        }
    }
}
