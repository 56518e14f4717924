internal import Hypervisor
package import Inventory
internal import Values

/// Starts, stops and deletes networks of a host.
package struct NetworkPower: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// Starts a network, or makes it start with its host; nil leaves that as it is.
    package func start(_ name: String, autostart: Bool? = nil, on host: Host) async throws -> StoreOutcome {
        try await change(name, host) { connection, there, outcome in
            if let autostart, autostart != there.autostart {
                try await connection.setNetworkAutostart(name, autostart)
                outcome.changes.append(.init("autostart", "\(there.autostart)", "\(autostart)"))
            }
            guard !there.isActive else { return }
            try await connection.startNetwork(name)
            outcome.changes.append(.init("state", "inactive", "running"))
        }
    }

    /// Stops a network.
    /// - Parameter force: though running VMs are on it, which lose their link.
    package func stop(_ name: String, on host: Host, force: Bool) async throws -> StoreOutcome {
        try await change(name, host) { connection, there, outcome in
            guard there.isActive else { return }
            let use = try await StoreUse.readMachines(connection)
            let users = use.users(ofNetwork: name).filter(\.isActive)
            guard force || users.isEmpty else {
                throw Diagnostics(
                    StoreUse.refusal(
                        "stop the network \"\(name)\"", users, hint: "--force takes the link away from them",
                        host: host.name))
            }
            try await connection.stopNetwork(name)
            outcome.changes.append(.init("state", "running", "inactive"))
        }
    }

    /// Stops and removes a network that no VM uses, a stopped one included. One that is not there is no failure.
    package func delete(_ name: String, on host: Host, check: Bool = false) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .network, name: name)
        return try await driver.visit(host) { connection in
            try await operation.locked {
                var outcome = StoreOutcome(host.name, name, isPredicted: check)
                guard let there = try await connection.network(name),
                    let document = try await connection.networkDocument(name)
                else { return outcome }
                let users = try await StoreUse.readMachines(connection).users(ofNetwork: name)
                guard users.isEmpty else {
                    throw Diagnostics(StoreUse.refusal("delete the network \"\(name)\"", users, host: host.name))
                }
                outcome.changes = [.init("definition", "\(there.forward ?? "isolated") network", nil)]
                if check { return outcome }
                let fields: [(String, Value)] = [
                    ("uuid", Value(there.uuid)), ("old", Value(try document.written())),
                    ("was_active", Value(there.isActive)), ("was_autostarted", Value(there.autostart)),
                ]
                try await operation.journaled("delete", fields, over: connection) { log in
                    try log.record(there.isPersistent ? "stopping" : "undefining")
                    if there.isActive { try await connection.stopNetwork(name) }
                    guard there.isPersistent else { return }
                    try log.record("undefining")
                    try await connection.undefineNetwork(name)
                }
                return outcome
            }
        }
    }

    private func change(
        _ name: String, _ host: Host,
        _ body: (HypervisorConnection, NetworkInfo, inout StoreOutcome) async throws -> Void
    ) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .network, name: name)
        return try await driver.visit(host) { connection in
            try await operation.locked {
                guard let there = try await connection.network(name) else {
                    throw Diagnostics(try await Self.missing(name, over: connection, host: host))
                }
                var outcome = StoreOutcome(host.name, name, isPredicted: false)
                try await body(connection, there, &outcome)
                return outcome
            }
        }
    }

    static func missing(
        _ name: String, over connection: HypervisorConnection, host: Host
    ) async throws -> Diagnostic {
        let near = NearestName.hint(for: name, among: try await connection.networks().map(\.name))
        return .error(
            "there is no network \"\(name)\"", hint: near ?? "`drover network list` shows all", host: host.name)
    }
}
