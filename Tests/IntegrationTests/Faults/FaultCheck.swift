import Foundation
import Testing

/// What must hold after a fault: one copy, no number lost or counted twice, a whole disk, nothing left over.
struct FaultCheck: Sendable {
    let guest: FaultGuest
    let cell: FaultCell
    let source: String
    let before: FaultGuest.Record
    private var fleet: LabFleet { guest.fleet }

    /// - Returns: what the guest has acknowledged in the end; nil where that is not known.
    func check(_ result: inout FaultResult) async throws -> FaultGuest.Record? {
        var copies = try await guest.copies()
        if cell.fault == .diskFull, let host = copies.first(where: { $0.value == "paused" })?.key, copies.count == 1 {
            // Its disk was full: with room again it is the user who lets it go on.
            let resumed = try await fleet.drover("vm", "resume", guest.name)
            if !resumed.succeeded { result.problems.append("vm resume: \(resumed.problem)") }
            copies = try await guest.copies()
            result.variant += copies[host] == "running" ? "paused for room" : ""
        }
        guard copies.count == 1, let (host, state) = copies.first else {
            result.problems.append("copies: \(copies)")
            return nil
        }
        result.end = host == source ? "stayed" : "migrated"
        let numbers = try await acknowledged(&result.problems)
        var last = FaultGuest.Record(boot: before.boot, counter: max(before.counter, numbers))
        let disk = try await guest.recordOnDisk(of: host)
        let isNew = cell.mayCrash && state == "running" ? try await startedAgain(on: host, last) : false
        if state == "running", !isNew, disk?.boot == before.boot {
            last = try await survived(on: host, last, &result.problems) ?? last
        } else if cell.mayCrash {
            result.end = "crashed"
            last = try await crashed(on: host, state, last, disk, &result.problems) ?? last
        } else {
            result.problems.append("on \(host) it is \(state), boot \(disk?.boot ?? "none") instead of \(before.boot)")
            return nil
        }
        for host in fleet.hosts {
            let remains = try await fleet.remains(on: host)
            if !remains.isEmpty { result.problems.append("left on \(host): \(remains)") }
        }
        let autostarted = try await fleet.told(host, "virsh -q list --all --autostart --name").split(separator: "\n")
        if !autostarted.contains("\(guest.name)") { result.problems.append("its autostart was lost") }
        return last
    }

    /// Whether a guest that may have been killed runs anew, by its host's autostart, rather than on.
    private func startedAgain(on host: String, _ last: FaultGuest.Record) async throws -> Bool {
        try await eventually(within: 240, "\(guest.name) counts again, or on") {
            let numbers = try await guest.acknowledged(on: host, boot: last.boot)
            if numbers.keys.contains(where: { $0 != last.boot }) { return true }
            return (numbers[last.boot]?.last ?? 0) > last.counter ? false : nil
        }
    }

    /// The largest number of this boot; finds those that were counted on both hosts or backwards.
    private func acknowledged(_ problems: inout [String]) async throws -> Int {
        var seen: [String: [Int]] = [:]
        for host in fleet.hosts {
            let numbers = try await guest.acknowledged(on: host, boot: before.boot)[before.boot] ?? []
            for (one, next) in zip(numbers, numbers.dropFirst()) where next <= one {
                problems.append("on \(host) \(next) came after \(one)")
            }
            seen[host] = numbers
        }
        let twice = Set(seen["hv1"] ?? []).intersection(seen["hv2"] ?? [])
        if !twice.isEmpty { problems.append("\(twice.count) numbers on both hosts, from \(twice.min() ?? 0) on") }
        return seen.values.joined().max() ?? 0
    }

    private func survived(
        on host: String, _ last: FaultGuest.Record, _ problems: inout [String]
    ) async throws -> FaultGuest.Record? {
        do {
            _ = try await guest.counting(on: host, beyond: last)
        } catch {
            problems.append("it does not go on counting beyond \(last.counter)")
            return nil
        }
        // Stopped, QEMU has everything on the disk, and the disk can be looked at.
        _ = try await fleet.told(host, "virsh -q suspend \(guest.name)")
        let numbers = try await guest.acknowledged(on: host, boot: last.boot)[last.boot] ?? []
        let disk = try await guest.recordOnDisk(of: host)
        if let damage = try await guest.damage(on: host) { problems.append("its disk is damaged: \(damage)") }
        _ = try await fleet.told(host, "virsh -q resume \(guest.name)")
        let newest = FaultGuest.Record(boot: last.boot, counter: numbers.last ?? 0)
        if disk?.boot != last.boot || disk?.counter ?? 0 < newest.counter {
            problems.append("acknowledged \(newest), on disk \(String(describing: disk))")
        }
        return newest
    }

    /// Its process is gone: the disk must have what it acknowledged, and it must start from there.
    private func crashed(
        on host: String, _ state: String, _ last: FaultGuest.Record, _ disk: FaultGuest.Record?,
        _ problems: inout [String]
    ) async throws -> FaultGuest.Record? {
        if state != "running" {
            if disk?.boot != last.boot || disk?.counter ?? 0 < last.counter {
                problems.append("acknowledged \(last), on disk \(String(describing: disk))")
            }
            if let damage = try await guest.damage(on: host) { problems.append("its disk is damaged: \(damage)") }
            let started = try await fleet.drover("vm", "start", guest.name)
            if !started.succeeded { problems.append("it does not start: \(started.problem)") }
        }
        let new = try await guest.counting(on: host, beyond: nil)
        let line = try await guest.console(on: host).split(whereSeparator: \.isNewline)
            .last { $0.hasPrefix("drover-guest: before \(last.boot)") }
        let found = line.flatMap { Int($0.split(separator: " ")[3]) } ?? 0
        if found < last.counter { problems.append("acknowledged \(last), found \(line ?? "nothing") after the crash") }
        return new
    }
}
