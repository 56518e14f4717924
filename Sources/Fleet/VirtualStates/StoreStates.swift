internal import Hypervisor
internal import Inventory
internal import Modules
internal import States
internal import Values

/// The states of pools and networks: Salt's words for what the convergences of the commands find and do.
enum StoreStates {
    @Sendable static func poolDefined(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await pool(call, running: false)
    }

    @Sendable static func poolRunning(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await pool(call, running: true)
    }

    @Sendable static func networkDefined(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await network(call, running: false)
    }

    @Sendable static func networkRunning(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await network(call, running: true)
    }

    private static func pool(_ call: VirtualCall, running: Bool) async throws -> ControllerAnswer {
        if call.argument("ptype") == nil { return try await startPool(call, running) }
        var wish = try PoolWish(call.name, arguments: call.storeArguments)
        wish.isRunning = running
        let outcome = try await PoolConvergence(call.context, driver: call.driver)
            .converge(wish, on: call.host, differing: .change, check: call.isTest)
        if call.isTest, !outcome.isUnchanged { await call.foresight.foresee(pool: call.name, exists: true) }
        return answer(call, "Pool", outcome, running)
    }

    private static func network(_ call: VirtualCall, running: Bool) async throws -> ControllerAnswer {
        if !call.describesNetwork { return try await startNetwork(call, running) }
        var wish = try NetworkWish(call.name, arguments: call.storeArguments)
        wish.isRunning = running
        let outcome = try await NetworkConvergence(call.context, driver: call.driver)
            .converge(wish, on: call.host, differing: .change, check: call.isTest)
        if call.isTest, !outcome.isUnchanged { await call.foresight.foresee(network: call.name) }
        return answer(call, "Network", outcome, running)
    }

    /// Nothing says what the pool is: it is there, and is only started.
    private static func startPool(_ call: VirtualCall, _ running: Bool) async throws -> ControllerAnswer {
        let there = try await call.connected { connection in try await connection.pool(call.name) }
        return try await start(call, "Pool", there?.isActive, running) {
            _ = try await PoolPower(call.context, driver: call.driver).start(call.name, on: call.host)
        }
    }

    private static func startNetwork(_ call: VirtualCall, _ running: Bool) async throws -> ControllerAnswer {
        let there = try await call.connected { connection in try await connection.network(call.name) }
        return try await start(call, "Network", there?.isActive, running) {
            _ = try await NetworkPower(call.context, driver: call.driver).start(call.name, on: call.host)
        }
    }

    private static func start(
        _ call: VirtualCall, _ kind: String, _ isActive: Bool?, _ running: Bool, _ act: () async throws -> Void
    ) async throws -> ControllerAnswer {
        guard let isActive else {
            let comment = "\(kind) \(call.name) is not there, and nothing says what it would be like"
            return call.failed(comment, isSoft: true)
        }
        guard running, !isActive else {
            return call.unchanged("\(kind) \(call.name) \(running ? "already running" : "unchanged")")
        }
        if !call.isTest { try await act() }
        return call.changed(
            Mapping([(call.name, Value("\(kind) started"))]), "\(kind) \(call.name) started",
            wouldBe: "\(kind) \(call.name) would be started")
    }

    /// `Pool defined, marked for autostart, started`, with what was changed in one that was there.
    private static func answer(
        _ call: VirtualCall, _ kind: String, _ outcome: StoreOutcome, _ running: Bool
    ) -> ControllerAnswer {
        guard !outcome.isUnchanged else {
            return call.unchanged("\(kind) \(call.name) \(running ? "already running" : "unchanged")")
        }
        let isNew = outcome.changes.first.map { $0.property == "definition" && $0.before == nil } ?? false
        let properties = outcome.changes.map(\.property)
        let updates = outcome.changes.filter { !["definition", "autostart", "state"].contains($0.property) }
        var words: [String] = []
        if isNew { words.append("defined") } else if !updates.isEmpty { words.append("updated") }
        if properties.contains("autostart") {
            words.append(isNew ? "marked for autostart" : "autostart flag changed")
        }
        if properties.contains("state") { words.append("started") }
        let said = words.joined(separator: ", ")
        let details = (isNew ? [] : updates.map(\.text)) + outcome.consequences
        let rest = details.map { "\n" + $0 }.joined()
        return call.changed(
            Mapping([(call.name, Value("\(kind) \(said)"))]), "\(kind) \(call.name) \(said)\(rest)",
            wouldBe: "\(kind) \(call.name) would be \(said)\(rest)")
    }

    /// What there is of the pool goes, as far as nobody uses it.
    @Sendable static func poolDeleted(_ call: VirtualCall) async throws -> ControllerAnswer {
        let purges = call.truth("purge") ?? false
        let deletion = PoolDeletion(call.context, driver: call.driver)
        guard let plan = try await deletion.plan(call.name, on: call.host, content: purges) else {
            return call.unchanged("Storage pool could not be found: \(call.name)")
        }
        _ = try await deletion.delete(call.name, on: call.host, content: purges, check: call.isTest)
        if call.isTest { await call.foresight.foresee(pool: call.name, exists: false) }
        // Salt's list of the kinds whose storage libvirt can remove.
        let kinds = ["dir", "fs", "netfs", "logical", "vstorage", "zfs"]
        let deletesStorage = purges && kinds.contains(plan.pool.type)
        let changes = Mapping([
            ("stopped", Value(plan.pool.isActive)), ("deleted", Value(deletesStorage)), ("undefined", true),
            ("deleted_volumes", Value(plan.volumes.map { Value($0.name) })),
        ])
        return call.changed(
            changes, "Pool \(call.name) deleted", wouldBe: "Pool \(call.name) would be deleted")
    }

    @Sendable static func volumeDefined(_ call: VirtualCall) async throws -> ControllerAnswer {
        let wish = try VolumeWish(call.name, arguments: call.storeArguments)
        let changes = Mapping([("\(wish.pool)/\(call.name)", Value(Mapping([("old", ""), ("new", "defined")])))])
        let (pool, there) = try await call.connected { connection in
            guard let pool = try await connection.pool(wish.pool), pool.isActive else {
                return (nil as PoolInfo?, nil as VolumeInfo?)
            }
            return (pool, try await connection.volume(call.name, in: wish.pool))
        }
        let foretold = call.isTest ? await call.foresight.hasPool(wish.pool) : nil
        guard foretold ?? (pool != nil) else {
            return call.failed("Storage pool \(wish.pool) is not there, or not running", isSoft: true)
        }
        if let there, there.capacity != wish.spec.capacity, !wish.grows {
            return call.unchanged("The capacity of the volume is different, but no resize performed")
        }
        if pool != nil {
            let outcome = try await VolumeConvergence(call.context, driver: call.driver)
                .converge(wish, on: call.host, check: call.isTest)
            if outcome.isUnchanged { return call.unchanged("volume is existing") }
            if there != nil {
                return call.changed(
                    outcome.mapping, "Volume \(call.name) resized", wouldBe: "Volume \(call.name) would be resized")
            }
        }
        if call.isTest, await call.foresight.hasVolume(call.name, in: wish.pool) {
            return call.unchanged("volume is existing")
        }
        if call.isTest { await call.foresight.foresee(volume: call.name, in: wish.pool) }
        return call.changed(
            changes, "Volume \(call.name) defined in pool \(wish.pool)",
            wouldBe: "Volume \(call.name) would be defined in pool \(wish.pool)")
    }
}

extension VirtualCall {
    /// Whether any argument says what a network is like.
    var describesNetwork: Bool {
        ["bridge", "forward", "ipv4_config", "ipv6_config", "interfaces", "addresses"].contains { argument($0) != nil }
    }

    /// The state's own arguments as the commands' readers take them; Salt's lists of one-key mappings become mappings.
    var storeArguments: Value {
        var arguments = Mapping()
        for (key, value) in chunk.arguments {
            guard let name = key.scalarText, !["connection", "username", "password"].contains(name) else { continue }
            arguments[key] = Self.whole(name, value)
        }
        return Value(arguments, at: chunk.mark)
    }

    private static func whole(_ name: String, _ value: Value) -> Value {
        guard ["permissions", "source", "backing_store", "nat", "dns"].contains(name), let list = value.list else {
            return value
        }
        var map = Mapping()
        for item in list {
            guard let part = item.map else { return value }
            for (key, entry) in part { map[key] = entry }
        }
        return Value(map, at: value.mark)
    }
}
