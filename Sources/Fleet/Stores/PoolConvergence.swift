internal import Glibc
package import Hypervisor
package import Inventory
package import Values

/// Makes a host's pool what it should be: defined, its storage prepared, running, starting with its host.
///
/// Idempotent: what is so already is left alone, and the outcome has no changes. What fails midway is taken back.
package struct PoolConvergence: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Parameters:
    ///   - differing: whether a pool of that name that differs is changed, or refused with its differences. One whose
    ///     volumes a VM uses is changed in its permissions and login only, for its next start.
    ///   - absent: whether to foretell as if there were no pool of that name; for checks only.
    ///   - check: nothing is done; the outcome says what would be.
    /// - Throws: `Diagnostics`, ``HostProblem``, ``OperationLocked``, ``FileError``.
    package func converge(
        _ wish: PoolWish, on host: Host, differing: StoreDifference = .refuse, absent: Bool = false,
        check: Bool = false
    ) async throws -> StoreOutcome {
        _ = try wish.spec.xml()
        let operation = StoreOperation(context: context, host: host, kind: .pool, name: wish.spec.name)
        return try await driver.visit(host) { connection in
            try await operation.locked(unless: check) {
                try await Visit(
                    operation: operation, wish: wish, connection: connection, isAbsent: absent && check,
                    isCheck: check
                ).converge(differing)
            }
        }
    }

    /// Changes a pool that is there.
    /// - Parameters:
    ///   - running: whether it must run afterwards; false leaves that as it is.
    ///   - edit: makes the wish of the arguments that the pool has, by Salt's keys.
    /// - Throws: `Diagnostics` when there is none, else as ``converge(_:on:differing:absent:check:)``.
    package func change(
        _ name: String, on host: Host, running: Bool = false, check: Bool = false,
        edit: @escaping @Sendable (Mapping) throws -> Mapping
    ) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .pool, name: name)
        return try await driver.visit(host) { connection in
            try await operation.locked(unless: check) {
                guard let there = try await connection.pool(name),
                    let document = try await connection.poolDocument(name)
                else { throw Diagnostics(try await PoolDeletion.missing(name, over: connection, host: host)) }
                guard let found = PoolSpec(reading: document) else {
                    throw Diagnostics(.error("a pool of type \"\(there.type)\" cannot be changed", host: host.name))
                }
                let arguments = try edit(found.arguments)
                var wish = try PoolWish(name, arguments: Value(arguments))
                wish.isRunning = running
                if arguments["transient"] == nil { wish.isTransient = !there.isPersistent }
                wish.renewsPassword = wish.password != nil
                _ = try wish.spec.xml()
                return try await Visit(operation: operation, wish: wish, connection: connection, isCheck: check)
                    .converge(.change)
            }
        }
    }
}

/// The work on one host.
private struct Visit {
    /// How a definition that differs is brought about.
    private enum Way {
        case none
        /// The pool is off, or is stopped for it and started again.
        case restart
        /// It goes on, and takes it up when it next starts.
        case live
    }

    let operation: StoreOperation
    let wish: PoolWish
    let connection: HypervisorConnection
    /// Whether a pool that is there counts as gone.
    var isAbsent = false
    let isCheck: Bool
    var spec: PoolSpec { wish.spec }

    func converge(_ differing: StoreDifference) async throws -> StoreOutcome {
        var outcome = StoreOutcome(operation.host.name, spec.name, isPredicted: isCheck)
        guard !isAbsent, let there = try await connection.pool(spec.name),
            let document = try await connection.poolDocument(spec.name)
        else {
            outcome.changes = [.init("definition", nil, "\(spec.kind.rawValue) pool")] + stateChanges(nil)
            if !isCheck { try await create() }
            return outcome
        }
        try refuseOverwriting()
        let differences = try await differences(of: there, document)
        outcome.changes = differences.map(StoreOutcome.Change.init)
        if !differences.isEmpty { try refuse(differences, there, differing) }
        let way = try await way(there, differences)
        if way == .live {
            outcome.consequences = ["VMs use the pool \"\(spec.name)\": it takes up the change when it next starts"]
        }
        outcome.changes += stateChanges(there)
        if !isCheck, !outcome.isUnchanged { try await update(there, document, way) }
        return outcome
    }

    /// What is on the devices of a pool that is there may be anybody's.
    private func refuseOverwriting() throws(Diagnostics) {
        guard wish.build == .overwriting else { return }
        throw Diagnostics(
            .error(
                "there is a pool \"\(spec.name)\" already: its devices are not prepared anew",
                hint: "`drover pool delete \(spec.name)` first, if it is to be another", host: operation.host.name))
    }

    /// Whether it runs and starts with its host, where that is to change.
    private func stateChanges(_ there: PoolInfo?) -> [StoreOutcome.Change] {
        var changes: [StoreOutcome.Change] = []
        let autostart = wish.autostart ?? (there == nil ? true : there?.autostart)
        if !wish.isTransient, let autostart, autostart != (there?.autostart ?? false) {
            changes.append(.init("autostart", there.map { "\($0.autostart)" }, "\(autostart)"))
        }
        if mustRun, there?.isActive != true {
            changes.append(.init("state", there.map { _ in "inactive" }, "running"))
        }
        return changes
    }

    private var mustRun: Bool { wish.isRunning || wish.isTransient }

    private func differences(of there: PoolInfo, _ document: XMLElement) async throws -> [SpecDifference] {
        guard let found = PoolSpec(reading: document) else {
            return [SpecDifference("ptype", found: there.type, wanted: spec.kind.rawValue)]
        }
        var differences = spec.differences(from: found)
        if there.isPersistent == wish.isTransient {
            differences.append(
                SpecDifference("transient", found: "\(!there.isPersistent)", wanted: "\(wish.isTransient)"))
        }
        if wish.renewsPassword {
            differences.append(SpecDifference("source.auth", found: nil, wanted: "a new password"))
        } else if wish.password != nil, let login = spec.source.login, case .usage(let usage) = login.secret,
            try await connection.secret(usage: usage, of: login.kind) == nil
        {
            differences.append(SpecDifference("source.auth", found: nil, wanted: "a password"))
        }
        return differences
    }

    private func refuse(
        _ differences: [SpecDifference], _ there: PoolInfo, _ differing: StoreDifference
    ) throws(Diagnostics) {
        let words = differences.map { StoreOutcome.Change($0).text }.joined(separator: "\n")
        let cannotChange = differences.contains { ["ptype", "transient"].contains($0.property) }
        guard differing == .refuse || cannotChange else { return }
        throw Diagnostics(
            .error(
                "there is another pool \"\(spec.name)\"", detail: words,
                hint: cannotChange
                    ? "delete it first: `drover pool delete \(spec.name)` leaves its volumes"
                    : "add --replace to change it", host: operation.host.name))
    }

    /// Volumes of a pool that is moved elsewhere would be gone from under their VMs, and so they would be for a moment
    /// when it is logged out or unmounted. Stopping a directory takes nothing away.
    private func way(_ there: PoolInfo, _ differences: [SpecDifference]) async throws -> Way {
        if differences.isEmpty { return .none }
        let isHarmless = differences.allSatisfy {
            $0.property.hasPrefix("permissions.") || $0.property == "source.auth"
        }
        if isHarmless, spec.kind == .dir || !there.isActive { return .restart }
        let users = try await StoreUse.read(connection, refreshing: false).users(ofPool: there)
        if users.isEmpty { return .restart }
        if isHarmless { return .live }
        throw Diagnostics(StoreUse.refusal("change the pool \"\(spec.name)\"", users, host: operation.host.name))
    }

    // MARK: - Making it

    private func create() async throws {
        var made = spec
        made.uuid = RandomUUID.make()
        let xml = try made.xml()
        let fields: [(String, Value)] = [("uuid", Value(made.uuid ?? "")), ("transient", Value(wish.isTransient))]
        try await operation.journaled("create", fields, over: connection) { log in
            try await setPassword(log)
            try Task.checkCancellation()
            try log.record("defining")
            if wish.isTransient {
                try await connection.createTransientPool(xml: xml, building: spec.kind.isBuiltAsDirectory)
                return
            }
            try await connection.definePool(xml: xml)
            if wish.autostart ?? true { try await connection.setPoolAutostart(spec.name, true) }
            try Task.checkCancellation()
            try await prepare(log)
        }
    }

    private func setPassword(_ log: OperationLog) async throws {
        guard let password = wish.password, let login = spec.source.login, case .usage(let usage) = login.secret else {
            return
        }
        let value = try await password.value(for: login.kind)
        let there = try await connection.secret(usage: usage, of: login.kind)
        let uuid = there?.uuid ?? RandomUUID.make()
        if there == nil { try log.record("secret", Mapping([("secret", Value(uuid))])) }
        try await connection.setSecret(
            StoreSecret(
                uuid: uuid, kind: login.kind, usage: usage,
                description: there?.description ?? StoreSettlement.secretDescription(spec.name)),
            value: value)
    }

    /// Prepares the storage, and starts the pool if it is to run.
    private func prepare(_ log: OperationLog) async throws {
        if let build = wish.build {
            try log.record("building")
            try await connection.buildPool(spec.name, build)
        } else if spec.kind != .dir, spec.kind.isBuiltAsDirectory {
            // The directory that it is mounted on stays, whatever comes: it may have been there before.
            try await connection.buildPool(spec.name, .plain)
        }
        if mustRun {
            try await start(log, isNew: true)
        } else if spec.kind == .dir {
            try await connection.buildPool(spec.name, .plain)
        }
    }

    /// - Parameter isNew: whether devices on which nothing is are taken.
    private func start(_ log: OperationLog, isNew: Bool) async throws {
        do throws(HypervisorError) {
            try await connection.startPool(spec.name)
        } catch {
            let isAbsentDirectory = spec.kind == .dir && error.systemNumber == ENOENT
            let isEmptyDevice = isNew && spec.kind.isBuiltOnDevices && !spec.source.devices.isEmpty
            guard wish.build == nil, isAbsentDirectory || isEmptyDevice else { throw error }
            // What is built from here on was not there before.
            if isAbsentDirectory { try log.record("built") }
            try await connection.buildPool(
                spec.name, isAbsentDirectory || spec.kind == .zfs ? .plain : .keepingContent)
            try await connection.startPool(spec.name)
            return
        }
        guard spec.kind == .dir, spec.permissions != PoolSpec.Permissions(),
            let now = try await connection.poolDocument(spec.name).flatMap(PoolSpec.init(reading:)),
            !spec.differences(from: now).isEmpty
        else { return }
        // The directory was there, with other permissions: building gives it these.
        try await connection.stopPool(spec.name)
        try await connection.buildPool(spec.name, .plain)
        try await connection.startPool(spec.name)
    }

    // MARK: - Changing it

    private func update(_ there: PoolInfo, _ document: XMLElement, _ way: Way) async throws {
        let fields: [(String, Value)] = [
            ("uuid", Value(there.uuid)), ("old", Value(try document.written())), ("was_active", Value(there.isActive)),
            ("was_autostarted", Value(there.autostart)), ("live", Value(way == .live)),
        ]
        let xml = try spec.completed(by: PoolSpec(reading: document) ?? spec).xml()
        try await operation.journaled("update", fields, over: connection) { log in
            switch way {
            case .none: break
            case .live:
                try await setPassword(log)
                try log.record("defining")
                try await connection.definePool(xml: xml)
            case .restart:
                try await setPassword(log)
                try log.record("stopping")
                if there.isActive { try await connection.stopPool(spec.name) }
                try log.record("defining")
                try await connection.definePool(xml: xml)
                // The directory that it is, or that it is mounted on.
                if spec.kind.isBuiltAsDirectory { try await connection.buildPool(spec.name, .plain) }
            }
            if mustRun || there.isActive, way == .restart || !there.isActive {
                try log.record("starting")
                try await start(log, isNew: false)
            }
            if let autostart = wish.autostart, autostart != there.autostart {
                try await connection.setPoolAutostart(spec.name, autostart)
            }
        }
    }
}

extension PoolSpec {
    /// With what it leaves open as `found` has it: one pool stays one pool.
    fileprivate func completed(by found: PoolSpec) -> PoolSpec {
        var whole = self
        whole.uuid = found.uuid
        whole.target = target ?? found.target
        whole.permissions.mode = permissions.mode ?? found.permissions.mode
        whole.permissions.owner = permissions.owner ?? found.permissions.owner
        whole.permissions.group = permissions.group ?? found.permissions.group
        whole.permissions.label = permissions.label ?? found.permissions.label
        whole.source.name = source.name ?? found.source.name
        whole.source.format = source.format ?? found.source.format
        return whole
    }
}
