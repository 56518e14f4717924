package import Hypervisor
internal import Inventory
internal import Values

/// The serial console of a VM, over its hypervisor's TLS connection; it follows the VM to another host.
package struct MachineConsole: Sendable {
    /// How it came to an end.
    package enum Ending: Sendable, Equatable {
        case left, seen, timeUp
        /// The VM does not run any more: what it is, and why.
        case off(String)
        /// Another client took it.
        case taken
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let access: MachineAccess
    private let say: @Sendable (String) -> Void

    /// - Parameter say: told when a console is open, and when the VM has moved.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, say: @escaping @Sendable (String) -> Void
    ) {
        self.context = context
        self.driver = driver
        self.say = say
        access = MachineAccess(context, driver: driver)
    }

    /// - Parameters:
    ///   - force: take it away from whoever has it.
    ///   - sitting: makes a session of each console that is opened.
    ///   - input: see ``ConsoleSession``.
    /// - Throws: `Diagnostics` when it is off, has no console, or another client has it; ``HostProblem``.
    package func open(
        _ name: String, force: Bool, sitting: (DomainConsole) -> ConsoleSession,
        input: @escaping @Sendable () async -> [UInt8]?, output: @escaping @Sendable ([UInt8]) async -> Bool
    ) async throws -> Ending {
        let keyboard = Keyboard(input)
        var found = try await access.findRunning(name)
        try found.host.require(.console)
        while true {
            let connection = try await driver.connect(to: found.host)
            let ending: ConsoleSession.Ending
            do {
                let console = try await console(of: found, over: connection, force: force)
                say("connected to \(found.machine.name) on \(found.host.name)")
                ending = try await sat(sitting(console), keyboard, output, connection)
                await console.close()
                await connection.close()
            } catch let error as HypervisorError {
                await connection.close()
                throw HostProblem(error, host: found.host.name)
            } catch {
                await connection.close()
                throw error
            }
            switch ending {
            case .left: return .left
            case .seen: return .seen
            case .timeUp: return .timeUp
            case .closed:
                let now = try await whereabouts(found)
                guard now.machine.state.isActive else {
                    return .off("\(now.machine.state.activity.name) (\(now.machine.state.reasonName))")
                }
                if now.host.name == found.host.name { return .taken }
                say("\(now.machine.name) has moved to \(now.host.name)")
                found = now
            }
        }
    }

    /// A stream that breaks while the connection lives was broken over there, which is an end like any other.
    private func sat(
        _ session: ConsoleSession, _ keyboard: Keyboard, _ output: @escaping @Sendable ([UInt8]) async -> Bool,
        _ connection: HypervisorConnection
    ) async throws -> ConsoleSession.Ending {
        do {
            return try await session.run(input: { await keyboard.next() }, output: output)
        } catch let error as HypervisorError {
            guard error.code != .timedOut, error.code != .cancelled, await connection.isAlive() else { throw error }
            return .closed
        }
    }

    private func console(
        of found: MachineCensus.Found, over connection: HypervisorConnection, force: Bool
    ) async throws -> DomainConsole {
        do throws(HypervisorError) {
            return try await connection.console(.uuid(found.machine.uuid), force: force)
        } catch {
            let name = found.machine.name
            if error.message.contains("Active console session") {
                throw Diagnostics(
                    .error(
                        "somebody else has the console of \"\(name)\"", detail: error.message,
                        hint: "--force takes it away from them", host: found.host.name))
            }
            if error.message.contains("cannot find") || error.message.contains("character device") {
                throw Diagnostics(
                    .error(
                        "\"\(name)\" has no serial console", detail: error.message,
                        hint: "`drover vm display \(name)` shows its screen", host: found.host.name))
            }
            throw error
        }
    }

    /// Where it is now. A moment passes between a guest's end, or its arrival elsewhere, and libvirt's saying so.
    private func whereabouts(_ before: MachineCensus.Found) async throws -> MachineCensus.Found {
        var now = try await access.find(before.machine.uuid)
        for _ in 0..<8 where now.machine.state.isActive && now.host.name == before.host.name {
            try await Task.sleep(for: .milliseconds(250))
            now = try await access.find(before.machine.uuid)
        }
        return now
    }
}

/// What is typed, for one session after another: a key that was waited for by one that has ended goes to the next.
private actor Keyboard {
    private let read: @Sendable () async -> [UInt8]?
    private var pending: Task<[UInt8]?, Never>?

    init(_ read: @escaping @Sendable () async -> [UInt8]?) { self.read = read }

    func next() async -> [UInt8]? {
        let task = pending ?? Task { [read] in await read() }
        pending = task
        let bytes = await task.value
        guard !Task.isCancelled else { return nil }
        pending = nil
        return bytes
    }
}
