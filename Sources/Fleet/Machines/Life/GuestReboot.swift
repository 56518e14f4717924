internal import Hypervisor
internal import Inventory
internal import Values

/// Has a guest reboot: by its agent, else by the power button, else, if forced, by the reset button.
struct GuestReboot {
    let held: HeldMachine
    let seconds: Int
    let force: Bool

    /// - Returns: what is so now.
    func run() async throws -> String {
        let events = try await held.connection.events()
        try await ask()
        guard seconds > 0 else { return "asked to reboot" }
        if await hasRebooted(events) { return "rebooted" }
        try Task.checkCancellation()
        guard force else {
            throw Diagnostics(
                .error(
                    "\"\(held.name)\" has not rebooted within \(seconds) s", detail: "its guest was asked to",
                    hint: "wait longer with --wait, or press the reset button with --force", host: held.found.host.name)
            )
        }
        // It may run on another host by now, or its guest has shut down: neither is a reason to start it here.
        guard try await held.connection.domain(held.domain)?.state.isActive == true else { return "off" }
        try await held.connection.reset(held.domain)
        return "reset"
    }

    private func ask() async throws(HypervisorError) {
        do throws(HypervisorError) {
            try await held.connection.reboot(held.domain, by: .agent)
        } catch {
            // No agent, none that answers, or a driver that knows only one way.
            if error.isConnectionLoss { throw error }
            do throws(HypervisorError) {
                try await held.connection.reboot(held.domain, by: .powerButton)
            } catch {
                guard [.noSupport, .invalidArgument].contains(error.code) else { throw error }
                try await held.connection.reboot(held.domain)
            }
        }
    }

    private func hasRebooted(_ events: AsyncStream<DomainEvent>) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { [uuid = held.found.machine.uuid] in
                for await event in events where event.domain?.uuid == uuid {
                    if case .rebooted = event.kind { return true }
                }
                return false
            }
            group.addTask { [seconds] in
                try? await Task.sleep(for: .seconds(seconds))
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }
}
