import Foundation
import Glibc
import TestSupport
import Testing

/// One migration with one fault, and what must hold when all is right again and `op recover` has been called.
struct FaultRun: Sendable {
    let guest: FaultGuest
    let cell: FaultCell
    let seed: UInt64
    private var fleet: LabFleet { guest.fleet }
    private var name: String { guest.name }

    /// - Parameter before: a number that the guest has acknowledged.
    /// - Returns: the result, and what the guest has acknowledged since; nil where it is not as it was.
    func run(after before: FaultGuest.Record) async throws -> (FaultResult, FaultGuest.Record?) {
        let began = ContinuousClock.now
        var chance = Chance(seed: seed)
        let source = try #require(try await guest.copies().first { $0.value == "running" }?.key)
        let target = source == "hv1" ? "hv2" : "hv1"
        let strike = FaultStrike(cell.fault, guest: guest, from: source, to: target, &chance)
        let healsEarly = Bool.random(using: &chance)
        let delays = Delays(&chance)
        var result = FaultResult(
            fault: cell.fault.rawValue, phase: cell.phase.rawValue, disk: cell.disk.rawValue,
            variant: strike.variant + (strike.lasts && healsEarly ? ", briefly" : ""), seed: seed)
        let evidence = FaultEvidence(guest: guest, began: Date())
        try await guest.forgetConsole()

        let came = Flag()
        let ended = try await fleet.drover.run(
            ["vm", "migrate", name, "--to", target, "--bandwidth", "2", "--keep-source", "0", "--format", "json"]
        ) { command in
            let moment = FaultMoment(guest: guest, source: source, target: target)
            if try await moment.come(cell.phase, of: command) {
                await came.raise()
                if cell.phase == .switchover || cell.phase == .after { try await delays.beforeStrike() }
                try await strike.strike(command)
            }
            if strike.isSurvivable { await moment.hurry() }
            try await Self.end(of: command, strike, within: healsEarly ? delays.outage : 60)
        }
        try await strike.heal()
        result.exit = ended.code
        if ended.code == 128 + SIGKILL, cell.fault != .controllerKilled { result.problems.append("the command hung") }
        if await !came.isRaised { result.problems.append("the moment never came: \(ended.output)\(ended.problem)") }
        if cell.fault == .controllerKilled, Bool.random(using: &chance) { try? await Task.sleep(for: .seconds(6)) }
        result.recoveries = try await recover(&result.problems)
        let check = FaultCheck(guest: guest, cell: cell, source: source, before: before)
        let last = try await check.check(&result)
        result.seconds = Double(Int((ContinuousClock.now - began) / .milliseconds(100))) / 10
        if !result.problems.isEmpty { try await evidence.keep(result, ended) }
        return (result, last)
    }

    /// Waits for the command's end; what lasts is put right when it takes longer.
    private static func end(of command: pid_t, _ strike: FaultStrike, within seconds: Double) async throws {
        func wait(_ seconds: Double) async throws -> Bool {
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end {
                if FaultMoment.isOver(command) { return true }
                try await Task.sleep(for: .milliseconds(100))
            }
            return false
        }
        if try await wait(seconds) { return }
        try await strike.heal()
        if try await !wait(240) { kill(command, SIGKILL) }
    }

    /// `op recover` until nothing is open.
    /// - Returns: how often it took.
    private func recover(_ problems: inout [String]) async throws -> Int {
        let end = ContinuousClock.now + .seconds(150)
        var tries = 0
        while true {
            tries += 1
            let ended = try await fleet.drover("op", "recover", "--format", "json")
            let open = try await fleet.drover.json("op", "list").list.filter { $0["closed"].bool != true }
            if ended.succeeded, open.isEmpty { return tries }
            guard ContinuousClock.now < end else {
                problems.append("op recover leaves \(open.count) operations open: \(ended.output)\(ended.problem)")
                return tries
            }
            try await Task.sleep(for: .seconds(2))
        }
    }

    /// Moments that the seed decides.
    private struct Delays: Sendable {
        let strike: Int
        let outage: Double

        init(_ chance: inout Chance) {
            strike = Int.random(in: 0...300, using: &chance)
            outage = Double.random(in: 1...8, using: &chance)
        }

        func beforeStrike() async throws { try await Task.sleep(for: .milliseconds(strike)) }
    }
}

private actor Flag {
    private(set) var isRaised = false
    func raise() { isRaised = true }
}
