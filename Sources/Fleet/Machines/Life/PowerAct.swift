internal import Hypervisor
internal import Inventory
internal import Values

/// Something done to a VM as a whole that changes whether, or how, it runs.
package enum PowerAct: Sendable {
    /// A saved guest goes on where it was, unless its memory is to be thrown away.
    case start(discardingSaved: Bool)
    /// Asks the guest, and waits so many seconds.
    case stop(within: Int)
    /// Pulls the plug.
    case kill
    /// Asks the guest and waits so many seconds for it; then the reset button, if forced.
    case reboot(within: Int, force: Bool)
    /// Presses the reset button.
    case reset
    case pause
    case resume
    /// Writes the guest's memory to its host's disk and stops it.
    case save

    /// What others are told who want the VM meanwhile.
    var word: String {
        switch self {
        case .start: "start"
        case .stop: "stop"
        case .kill: "kill"
        case .reboot: "reboot"
        case .reset: "reset"
        case .pause: "pause"
        case .resume: "resume"
        case .save: "save"
        }
    }

    /// Whether a second VM of that name on a host that does not answer would do harm.
    var needsEveryHost: Bool {
        switch self {
        case .start, .resume: true
        default: false
        }
    }

    /// What not every driver has.
    private var ability: HypervisorAbility? {
        switch self {
        case .pause, .resume: .pause
        case .save: .save
        default: nil
        }
    }

    /// Does it.
    /// - Returns: what is so now.
    /// - Throws: `Diagnostics` when the VM is not in a state for it, or the guest does not follow; `HypervisorError`.
    func perform(on held: HeldMachine) async throws -> String {
        let (connection, domain) = (held.connection, held.domain)
        let activity = held.found.machine.state.activity
        if let ability { try held.found.host.require(ability) }
        switch self {
        case .start(let discardingSaved): return try await Self.start(held, discardingSaved)
        case .stop(let seconds):
            guard held.isActive else { return "off" }
            try await connection.shutdown(domain)
            guard try await Self.waitForEnd(held, seconds) || seconds == 0 else { throw Self.stillOn(held, seconds) }
            return seconds == 0 ? "asked to shut down" : "off"
        case .kill:
            if held.isActive { try await connection.destroy(domain) }
            return "off"
        case .reboot(let seconds, let force):
            try Self.demandActive(held)
            return try await GuestReboot(held: held, seconds: seconds, force: force).run()
        case .reset:
            try Self.demandActive(held)
            try await connection.reset(domain)
            return "reset"
        case .pause:
            try Self.demandActive(held)
            if activity != .paused { try await connection.suspend(domain) }
            return "paused"
        case .resume:
            try Self.demandActive(held)
            if activity == .paused { try await connection.resume(domain) }
            return "running"
        case .save:
            try Self.demandActive(held)
            try await connection.save(domain)
            return "saved"
        }
    }

    private static func start(_ held: HeldMachine, _ discardingSaved: Bool) async throws -> String {
        guard !held.isActive else {
            let isPaused = held.found.machine.state.activity == .paused
            return isPaused ? "paused already" : "running already"
        }
        let isSaved = try await held.connection.isSaved(held.domain)
        if isSaved && discardingSaved { try await held.connection.discardSaved(held.domain) }
        try await held.connection.start(held.domain)
        return isSaved && !discardingSaved ? "running again where it was saved" : "running"
    }

    private static func waitForEnd(_ held: HeldMachine, _ seconds: Int) async throws -> Bool {
        let end = Clock.monotonic + UInt64(max(0, seconds)) * 1_000_000_000
        while Clock.monotonic < end {
            if try await !held.connection.state(held.domain).isActive { return true }
            try await Task.sleep(for: .milliseconds(250))
        }
        return try await !held.connection.state(held.domain).isActive
    }

    private static func demandActive(_ held: HeldMachine) throws(Diagnostics) {
        guard !held.isActive else { return }
        throw Diagnostics(
            .error(
                "\"\(held.name)\" is \(held.found.machine.state.activity.name)",
                hint: "start it with `drover vm start \(held.name)`", host: held.found.host.name))
    }

    private static func stillOn(_ held: HeldMachine, _ seconds: Int) -> Diagnostics {
        Diagnostics(
            .error(
                "\"\(held.name)\" is still on after \(seconds) s", detail: "its guest was asked to shut down",
                hint: "wait longer with --wait, or pull the plug with `drover vm kill \(held.name)`",
                host: held.found.host.name))
    }
}
