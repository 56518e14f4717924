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
        let given = call.storeArguments
        let foretold = call.isTest ? await call.foresight.pool(call.name) : nil
        // By now the state before would have made it so.
        if let foretold, foretold != .absent {
            let answer = try await start(call, "Pool", foretold == .running, running) {}
            if running { await call.foresight.foresee(pool: call.name, .running) }
            return answer
        }
        guard let whole = given.map, whole["ptype"] != nil else {
            return try await presentPool(call, foretold == .absent, running)
        }
        var wish = try PoolWish(call.name, arguments: given)
        wish.isRunning = running
        if !wish.isTransient { wish.autostart = wish.autostart ?? true }
        let outcome = try await PoolConvergence(call.context, driver: call.driver)
            .converge(wish, on: call.host, differing: .change, absent: foretold == .absent, check: call.isTest)
        return await foreseen(call, outcome, "Pool", running)
    }

    /// Nothing says what kind of pool it is: it is there. It is started, and gets what is said of it.
    private static func presentPool(
        _ call: VirtualCall, _ isAbsent: Bool, _ running: Bool
    ) async throws -> ControllerAnswer {
        let there = try await call.connected { connection in try await connection.pool(call.name) }
        guard let there, !isAbsent else { return missing(call, "Pool") }
        let given = call.storeArguments.map ?? Mapping()
        if given.isEmpty {
            let answer = try await start(call, "Pool", there.isActive, running) {
                _ = try await PoolPower(call.context, driver: call.driver).start(call.name, on: call.host)
            }
            if call.isTest, running { await call.foresight.foresee(pool: call.name, .running) }
            return answer
        }
        let outcome = try await PoolConvergence(call.context, driver: call.driver)
            .change(call.name, on: call.host, running: running, check: call.isTest) { base in
                var whole = laid(given, over: base)
                if whole["autostart"] == nil, there.isPersistent { whole["autostart"] = true }
                return whole
            }
        return await foreseen(call, outcome, "Pool", running)
    }

    private static func foreseen(
        _ call: VirtualCall, _ outcome: StoreOutcome, _ kind: String, _ running: Bool
    ) async -> ControllerAnswer {
        let runs = running || outcome.changes.contains { $0.property == "state" }
        if call.isTest, runs || outcome.isNew {
            let later = runs ? Foresight.Store.running : .defined
            if kind == "Pool" {
                await call.foresight.foresee(pool: call.name, later)
            } else {
                await call.foresight.foresee(network: call.name, later)
            }
        }
        return answer(call, kind, outcome, running)
    }

    /// What is said replaces what is there, one key of a mapping at a time.
    private static func laid(_ given: Mapping, over base: Mapping) -> Mapping {
        var whole = base
        for (key, value) in given {
            guard let inner = value.map, var below = base[key]?.map else {
                whole[key] = value
                continue
            }
            for (name, entry) in inner { below[name] = entry }
            whole[key] = Value(below, at: value.mark)
        }
        return whole
    }

    private static func network(_ call: VirtualCall, running: Bool) async throws -> ControllerAnswer {
        if call.isTest, let foretold = await call.foresight.network(call.name) {
            let answer = try await start(call, "Network", foretold == .running, running) {}
            if running { await call.foresight.foresee(network: call.name, .running) }
            return answer
        }
        if !call.describesNetwork { return try await presentNetwork(call, running) }
        var wish = try NetworkWish(call.name, arguments: call.storeArguments)
        wish.isRunning = running
        wish.autostart = wish.autostart ?? true
        let outcome = try await NetworkConvergence(call.context, driver: call.driver)
            .converge(wish, on: call.host, differing: .change, check: call.isTest)
        return await foreseen(call, outcome, "Network", running)
    }

    /// Nothing says what kind of network it is: it is there. It is started, and gets what is said of it.
    private static func presentNetwork(_ call: VirtualCall, _ running: Bool) async throws -> ControllerAnswer {
        let there = try await call.connected { connection in try await connection.network(call.name) }
        guard let there else { return missing(call, "Network") }
        let given = call.storeArguments.map ?? Mapping()
        if given.isEmpty {
            let answer = try await start(call, "Network", there.isActive, running) {
                _ = try await NetworkPower(call.context, driver: call.driver).start(call.name, on: call.host)
            }
            if call.isTest, running { await call.foresight.foresee(network: call.name, .running) }
            return answer
        }
        let outcome = try await NetworkConvergence(call.context, driver: call.driver)
            .change(call.name, on: call.host, running: running, check: call.isTest) { base in
                var whole = laid(given, over: base)
                if whole["autostart"] == nil { whole["autostart"] = true }
                return whole
            }
        return await foreseen(call, outcome, "Network", running)
    }

    private static func missing(_ call: VirtualCall, _ kind: String) -> ControllerAnswer {
        call.failed("\(kind) \(call.name) is not there, and nothing says what it would be like", isSoft: true)
    }

    private static func start(
        _ call: VirtualCall, _ kind: String, _ isActive: Bool, _ running: Bool, _ act: () async throws -> Void
    ) async throws -> ControllerAnswer {
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
        let isNew = outcome.isNew
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
        let isForetoldAbsent = call.isTest ? await call.foresight.pool(call.name) == .absent : false
        guard !isForetoldAbsent, let plan = try await deletion.plan(call.name, on: call.host, content: purges) else {
            return call.unchanged("Storage pool could not be found: \(call.name)")
        }
        _ = try await deletion.delete(call.name, on: call.host, content: purges, check: call.isTest)
        if call.isTest { await call.foresight.foresee(pool: call.name, .absent) }
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
        var wish = try VolumeWish(call.name, arguments: call.storeArguments)
        if wish.sizing == .exact { wish.sizing = .any }
        let changes = Mapping([("\(wish.pool)/\(call.name)", Value(Mapping([("old", ""), ("new", "defined")])))])
        let (pool, there) = try await call.connected { connection in
            guard let pool = try await connection.pool(wish.pool), pool.isActive else {
                return (nil as PoolInfo?, nil as VolumeInfo?)
            }
            return (pool, try await connection.volume(call.name, in: wish.pool))
        }
        let foretold = call.isTest ? await call.foresight.pool(wish.pool) : nil
        guard foretold.map({ $0 == .running }) ?? (pool != nil) else {
            return call.failed("Storage pool \(wish.pool) is not there, or not running", isSoft: true)
        }
        if pool != nil {
            let outcome = try await VolumeConvergence(call.context, driver: call.driver)
                .converge(wish, on: call.host, check: call.isTest)
            if outcome.isUnchanged {
                // Salt's words, where it was not told to resize.
                let told =
                    wish.sizing == .any
                    ? ["The capacity of the volume is different, but no resize performed"] : outcome.consequences
                return call.unchanged(
                    outcome.consequences.isEmpty ? "volume is existing" : told.joined(separator: "\n"))
            }
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
    /// Whether the arguments say what kind of network it is; else they are about one that is there.
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
