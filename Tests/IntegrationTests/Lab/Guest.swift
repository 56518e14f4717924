import Foundation
import Lab
import Testing

/// A VM made from the guest image, which counts once a second and tells so over HTTP.
struct Guest: Sendable {
    /// One answer of the guest's counter.
    struct Count: Sendable, Equatable {
        var boot: String
        var number: Int
    }

    let fleet: LabFleet
    let name: String

    /// What `vm show` says of it.
    func show() async throws -> Tree { try await fleet.drover.json("vm", "show", name) }

    func host() async throws -> String { try #require(try await show()["host"].string, "\(name) is nowhere") }

    /// Its address, by the lease that its card got.
    func address() async throws -> String? {
        let mac = try await show()["interfaces"].list.first?["mac"].string
        return try await fleet.lab.status().leases.first { $0.hardwareAddress == mac }?.address
    }

    /// Waits until it counts.
    @discardableResult
    func counting() async throws -> Count {
        try await eventually(within: 120, "\(name) counts") {
            guard let address = try await address() else { return nil }
            return try await count(at: address)
        }
    }

    private func page(_ path: String, at address: String) async throws -> String? {
        let answer = try await fleet.controller(
            "wget", "-q", "-T", "3", "-t", "1", "-O", "-", "http://\(address)/\(path)")
        return answer.succeeded ? answer.output : nil
    }

    private func count(at address: String) async throws -> Count? {
        let words = try await page("counter", at: address)?.split(separator: " ") ?? []
        guard words.count == 4, let number = Int(words[2]) else { return nil }
        return Count(boot: String(words[0]), number: number)
    }

    /// Each number that it counted with the seconds since its power-on.
    func log() async throws -> [(number: Int, uptime: Double)] {
        let address = try #require(try await address())
        let text = try #require(try await page("log", at: address), "\(name) does not answer")
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 2, let number = Int(words[0]), let uptime = Double(words[1]) else { return nil }
            return (number, uptime)
        }
    }

    /// What libvirt itself says of it on each host: `running (booted)`; hosts without it are left out.
    func copies() async throws -> [String: String] {
        var copies: [String: String] = [:]
        for host in fleet.hosts {
            // One that goes away between two questions is absent, and no failure.
            let look =
                "virsh -q domstate --reason \(name) 2>/dev/null || ! virsh -q list --all --name | grep -qx \(name)"
            let state = try await eventually(within: 20, "libvirt on \(host) says what it has") {
                let ended = try await fleet.on(host, look)
                return ended.succeeded ? ended.output.trimmingCharacters(in: .whitespacesAndNewlines) : nil
            }
            if !state.isEmpty { copies[host] = state }
        }
        return copies
    }

    /// Its files in a host's pool.
    func files(on host: String) async throws -> [String] {
        try await fleet.told(host, "ls -A /var/lib/libvirt/images").split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("\(name)_") }
    }
}

extension LabFleet {
    /// A running guest of the whole suite's, which has to live through all that is done to it.
    nonisolated func guest() async throws -> (guest: Guest, boot: String) {
        try await withImage()
        let guest = Guest(fleet: self, name: "counting")
        let first = try await stage("guest") { fleet in
            try await fleet.drover.must(
                "vm", "create", "counting", "--image", "counter", "--memory", "128M", "--on", "hv1")
            return try await guest.counting()
        }
        return (guest, first.boot)
    }
}
