package import Hypervisor
package import Inventory
package import Values

/// Makes a host's network what it should be: defined, running, starting with its host.
///
/// Idempotent: what is so already is left alone, and the outcome has no changes. A running network is changed without its
/// guests' noticing where libvirt can; else it is restarted, which the outcome's consequences say beforehand, too.
package struct NetworkConvergence: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Parameters:
    ///   - differing: whether a network of that name that differs is changed, or refused with its differences.
    ///   - check: nothing is done; the outcome says what would be.
    /// - Throws: `Diagnostics`, ``HostProblem``, ``OperationLocked``, ``FileError``.
    package func converge(
        _ wish: NetworkWish, on host: Host, differing: StoreDifference = .refuse, check: Bool = false
    ) async throws -> StoreOutcome {
        _ = try wish.spec.xml()
        let operation = StoreOperation(context: context, host: host, kind: .network, name: wish.spec.name)
        return try await driver.visit(host) { connection in
            try await operation.locked(unless: check) {
                try await Visit(operation: operation, wish: wish, connection: connection, isCheck: check)
                    .converge(differing)
            }
        }
    }

    /// Changes a network that is there.
    /// - Parameters:
    ///   - running: whether it must run afterwards; false leaves that as it is.
    ///   - edit: makes the wanted arguments of those that it has, by Salt's keys.
    /// - Throws: `Diagnostics` when there is none, else as ``converge(_:on:differing:check:)``.
    package func change(
        _ name: String, on host: Host, running: Bool = false, check: Bool = false,
        edit: @escaping @Sendable (Mapping) throws -> Mapping
    ) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .network, name: name)
        return try await driver.visit(host) { connection in
            try await operation.locked(unless: check) {
                guard let document = try await connection.networkDocument(name) else {
                    throw Diagnostics(try await NetworkPower.missing(name, over: connection, host: host))
                }
                guard let found = NetworkSpec(reading: document) else {
                    throw Diagnostics(
                        .error("the network \"\(name)\" is of a kind that cannot be changed", host: host.name))
                }
                var wish = try NetworkWish(name, arguments: Value(try edit(found.arguments)))
                wish.isRunning = running
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
        case none, redefinition
        case live([NetworkUpdate])
        case restart
    }

    let operation: StoreOperation
    let wish: NetworkWish
    let connection: HypervisorConnection
    let isCheck: Bool
    var spec: NetworkSpec { wish.spec }

    func converge(_ differing: StoreDifference) async throws -> StoreOutcome {
        var outcome = StoreOutcome(operation.host.name, spec.name, isPredicted: isCheck)
        guard let there = try await connection.network(spec.name),
            let document = try await connection.networkDocument(spec.name)
        else {
            outcome.changes = [.init("definition", nil, "\(spec.mode.rawValue) network")] + stateChanges(nil)
            if !isCheck { try await create() }
            return outcome
        }
        guard there.isPersistent else {
            throw Diagnostics(
                .error(
                    "the network \"\(spec.name)\" is transient: it has no definition to change",
                    hint: "stop it first: it is gone then", host: operation.host.name))
        }
        let found = NetworkSpec(reading: document)
        let differences =
            found.map(spec.differences) ?? [
                SpecDifference("forward", found: there.forward, wanted: spec.mode.rawValue)
            ]
        outcome.changes = differences.map(StoreOutcome.Change.init)
        try refuse(differences, differing)
        let way = self.way(there, found, differences)
        if case .restart = way { outcome.consequences = try await consequences(there) }
        outcome.changes += stateChanges(there)
        if !isCheck, !outcome.isUnchanged { try await update(there, document, found, way) }
        return outcome
    }

    private func stateChanges(_ there: NetworkInfo?) -> [StoreOutcome.Change] {
        var changes: [StoreOutcome.Change] = []
        let autostart = wish.autostart ?? (there == nil ? true : there?.autostart)
        if let autostart, autostart != (there?.autostart ?? false) {
            changes.append(.init("autostart", there.map { "\($0.autostart)" }, "\(autostart)"))
        }
        if wish.isRunning, there?.isActive != true {
            changes.append(.init("state", there.map { _ in "inactive" }, "running"))
        }
        return changes
    }

    private func refuse(_ differences: [SpecDifference], _ differing: StoreDifference) throws(Diagnostics) {
        guard differing == .refuse, !differences.isEmpty else { return }
        throw Diagnostics(
            .error(
                "there is another network \"\(spec.name)\"",
                detail: differences.map { StoreOutcome.Change($0).text }.joined(separator: "\n"),
                hint: "`drover network update` changes it", host: operation.host.name))
    }

    private func way(_ there: NetworkInfo, _ found: NetworkSpec?, _ differences: [SpecDifference]) -> Way {
        if differences.isEmpty { return .none }
        guard there.isActive else { return .redefinition }
        guard let found, let steps = NetworkUpdate.steps(from: found, to: spec) else { return .restart }
        return .live(steps)
    }

    private func consequences(_ there: NetworkInfo) async throws -> [String] {
        let use = try await StoreUse.readMachines(connection)
        let users = use.users(ofNetwork: spec.name).filter(\.isActive)
        let names = users.map { "\"\(Printable.line($0.name))\"" }.joined(separator: ", ")
        let links = there.forward == nil || ["nat", "route", "open"].contains(there.forward)
        guard !users.isEmpty else { return ["the network restarts"] }
        return [
            links
                ? "the network restarts: \(names) lose\(users.count == 1 ? "s" : "") the link for a moment"
                : "the network restarts: \(names) keep\(users.count == 1 ? "s" : "") the old settings until a restart"
        ]
    }

    private func create() async throws {
        var made = spec
        made.uuid = RandomUUID.make()
        let xml = try made.xml()
        try await operation.journaled("create", [("uuid", Value(made.uuid ?? ""))], over: connection) { log in
            try log.record("defining")
            try await connection.defineNetwork(xml: xml)
            if wish.autostart ?? true { try await connection.setNetworkAutostart(spec.name, true) }
            try Task.checkCancellation()
            if wish.isRunning { try await connection.startNetwork(spec.name) }
        }
    }

    private func update(
        _ there: NetworkInfo, _ document: XMLElement, _ found: NetworkSpec?, _ way: Way
    ) async throws {
        var whole = spec
        whole.uuid = there.uuid
        // Its guests know a bridge by its address, others by its name.
        if spec.mode.hasOwnBridge, let found, found.mode.hasOwnBridge {
            whole.bridge = spec.bridge ?? found.bridge
            whole.mac = spec.mac ?? found.mac
        }
        let xml = try whole.xml()
        let cards = NetworkCards(context: operation.context, host: operation.host, network: spec.name)
        let fields: [(String, Value)] = [
            ("uuid", Value(there.uuid)), ("old", Value(try document.written())), ("was_active", Value(there.isActive)),
            ("was_autostarted", Value(there.autostart)),
        ]
        do {
            try await operation.journaled("update", fields, over: connection) { log in
                switch way {
                case .none: try log.record("starting")
                case .redefinition:
                    try log.record("defining")
                    try await connection.defineNetwork(xml: xml)
                case .live(let steps):
                    try log.record("updating")
                    for step in steps { try await connection.updateNetwork(spec.name, step) }
                case .restart:
                    try log.record("defining")
                    try await connection.stopNetwork(spec.name)
                    try await connection.defineNetwork(xml: xml)
                    try await connection.startNetwork(spec.name)
                }
                if wish.isRunning, !there.isActive { try await connection.startNetwork(spec.name) }
                if let autostart = wish.autostart, autostart != there.autostart {
                    try await connection.setNetworkAutostart(spec.name, autostart)
                }
            }
        } catch {
            if case .restart = way { try? await cards.plugIn(over: connection) }
            throw error
        }
        if case .restart = way { try await cards.plugIn(over: connection) }
    }
}
