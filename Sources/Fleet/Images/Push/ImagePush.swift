package import Hypervisor
package import Inventory
package import Values

/// Brings an image to many hosts in about the time that one takes: the controller sends it once, and hosts pass on to each
/// other over TLS what has arrived. See ``PushSchedule``.
package struct ImagePush: Sendable {
    package struct Outcome: Sendable {
        package enum Arrival: String, Sendable { case placed, present }
        package let host: Host
        package let result: Result<Arrival, HostProblem>
    }

    package struct Report: Sendable {
        /// In the order of the hosts asked for.
        package let outcomes: [Outcome]
        /// What the controller itself sent, in bytes of the image.
        package let sent: Int
        package let seconds: Double
    }

    package static let standardPool = PoolSpec(name: "default", path: "/var/lib/libvirt/images")
    /// A second transfer fills the pauses of the first: handshakes, and putting a piece in its place.
    private static let lanes = 2

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let pool: String
    private let say: @Sendable (String) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, pool: String = standardPool.name,
        say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.pool = pool
        self.say = say
    }

    /// - Parameter holders: hosts that have it and feed the others, besides those among `hosts` that do.
    /// - Throws: ``OperationLocked`` while another process pushes this image; ``FileError`` of the journal;
    ///   `CancellationError`, when all parts are removed again. What goes wrong at a host costs that host alone.
    package func push(_ image: StoredImage, to hosts: [Host], from holders: [Host] = []) async throws -> Report {
        let began = Clock.monotonic
        let lock = try Self.lock(context.directory, image.digest)
        defer { withExtendedLifetime(lock) {} }
        let pieces = try await OwnThread.run { try ImagePieces.of(image.path) }
        let log = try Journal(context.directory).begin(
            "push",
            Mapping([
                ("image", Value(image.name)), ("digest", Value(image.digest)), ("pool", Value(pool)),
                ("hosts", Value(hosts.map { Value($0.name) })),
            ]))
        say("connecting to \(hosts.count) hosts")
        let seats = await seats(hosts, image) { host, volume in
            try log.record("making", Mapping([("host", Value(host.name)), ("volume", Value(volume))]))
        }
        // They are last, and nothing is made there.
        let feeding = await self.seats(holders, image) { host, _ in
            throw HostProblem(.failed, .error("the image \"\(image.name)\" is gone", host: host.name))
        }
        let taken = (seats + feeding).compactMap { try? $0.get() }
        var work = PushWork(seats: taken, image: image, pieces: pieces, lanes: Self.lanes, say: say)
        await work.run()
        let isCancelled = Task.isCancelled
        let ends = await Task { [work] in
            await work.finish(isCancelled: isCancelled)
        }.value
        // A host that could not be asked may have a part: the operation stays open until that is known.
        let isTidy = ends.allSatisfy(\.isTidy) && !seats.contains { Self.isUncertain($0) }
        try log.record(isTidy ? (isCancelled ? "undone" : "finished") : "untidy")
        try Task.checkCancellation()
        var waiting = ends.makeIterator()
        let outcomes = zip(hosts, seats).map { host, seat in
            switch seat {
            case .failure(let problem): Outcome(host: host, result: .failure(problem))
            case .success: Outcome(host: host, result: waiting.next()?.result ?? .success(.present))
            }
        }
        return Report(outcomes: outcomes, sent: work.sent, seconds: Clock.seconds(since: began))
    }

    private func seats(
        _ hosts: [Host], _ image: StoredImage, _ willMake: @escaping @Sendable (Host, String) throws -> Void
    ) async -> [Result<PushSeat, HostProblem>] {
        await fanOut(hosts, limit: context.parallel) { host in
            do {
                return .success(
                    try await PushSeat.take(
                        host, image, pool: pool, lanes: Self.lanes, context.connector, driver,
                        willMake: { try willMake(host, $0) }))
            } catch {
                return .failure(HostProblem(error, host: host.name))
            }
        }
    }

    /// A connection that was lost while its volume was made.
    private static func isUncertain(_ seat: Result<PushSeat, HostProblem>) -> Bool {
        if case .failure(let problem) = seat { return problem.kind == .lost }
        return false
    }

    private static func lock(_ fleet: FleetDirectory, _ digest: String) throws -> OperationLock {
        try OperationLock(fleet, "push-\(digest.prefix(16))", meaning: "pushing the image sha256:\(digest.prefix(16))")
    }

    /// Removes the parts of a push that did not come to its end.
    /// - Returns: `undone`.
    /// - Throws: ``HostProblem`` of a host that does not answer; ``OperationLocked`` while it is still going on.
    static func recover(
        _ record: OperationRecord, _ context: FleetContext, _ driver: any HypervisorDriver
    ) async throws -> String {
        guard let digest = record["digest"]?.string, let pool = record["pool"]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let lock = try lock(context.directory, digest)
        defer { withExtendedLifetime(lock) {} }
        let made = record.steps.compactMap { step -> (host: String, volume: String)? in
            guard let host = step["host"]?.string, let volume = step["volume"]?.string else { return nil }
            return (host, volume)
        }
        for (name, volume) in made where volume.hasPrefix("drover-image-") && volume.hasSuffix(".part") {
            let host = try context.host(named: name)
            let connection = try await driver.connect(to: host)
            do throws(HypervisorError) {
                if try await connection.pool(pool) != nil { try await connection.deleteVolume(volume, in: pool) }
                await connection.close()
            } catch {
                await connection.close()
                throw HostProblem(error, host: name)
            }
        }
        try Journal(context.directory).resume(record).record("undone")
        return "undone"
    }
}
