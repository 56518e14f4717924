import Foundation
import Lab
import Testing

/// A VM that counts every 10 ms, each number acknowledged by its disk before it is on its console.
struct FaultGuest: Sendable {
    /// A number with the boot that counted it.
    struct Record: Sendable, Equatable {
        var boot: String
        var counter: Int
    }

    let fleet: LabFleet
    let disk: FaultDisk
    var name: String { disk == .local ? "kept" : "shared" }
    private var console: String { "/var/log/libvirt/qemu/\(name)-serial.log" }

    /// Makes it on hv1, and waits until it counts.
    func make() async throws -> Record {
        try fleet.write("count.yaml", "#cloud-config\ndrover_count_ms: 10\n")
        let patch = try fleet.write(
            "\(name).xml",
            """
            <domain xmlns:drover="urn:drover:patch:1"><devices><serial>
            <log file="\(console)" append="on"/>
            </serial></devices></domain>
            """)
        var words = ["vm", "create", name, "--memory", "96M", "--on", "hv1", "--autostart", "--xml-patch", patch]
        words += ["--user-data", fleet.folder + "/count.yaml"]
        switch disk {
        // Without a thread of its own: with one, QEMU was seen to forget a request (docs/migration-defects.md).
        case .local: words += ["--image", "counter", "--disk", "name=system,iothread=false"]
        case .san:
            let image = try await Lab.image()
            let unit = try await fleet.lab.san.add(name, size: 0, image: image)
            try await fleet.drover.must("pool", "refresh", "san", "-t", "hypervisors")
            words += ["--disk", "name=system,pool=san,source=unit:0:0:\(unit),cache=none,format=raw,iothread=false"]
        }
        try await forgetConsole()
        let made = try await fleet.drover.run(words)
        try #require(made.succeeded, made.words)
        return try await counting(on: "hv1", beyond: nil)
    }

    /// Deletes it as a user would.
    func remove() async throws {
        let ended = try await fleet.drover("vm", "delete", name, "--force", "--yes")
        if !ended.succeeded { try await wipe() }
        if disk == .san { try? await fleet.lab.san.remove(name) }
    }

    /// Takes it away without asking Drover, which may be what is at fault.
    func wipe() async throws {
        let line = """
            virsh -q destroy \(name); virsh -q undefine \(name) --nvram --managed-save --snapshots-metadata
            rm -f /var/lib/libvirt/images/\(name)_* /run/drover-*; virsh -q pool-refresh default
            """
        for host in fleet.hosts { _ = try await fleet.on(host, line) }
        if disk == .san { try? await fleet.lab.san.remove(name) }
    }

    /// What its console printed up to now is not looked at again.
    func forgetConsole() async throws {
        for host in fleet.hosts {
            _ = try await fleet.told(host, "rm -f \(console).*; [ ! -e \(console) ] || : > \(console)")
        }
    }

    /// What a host has of its console since it was forgotten.
    func console(on host: String) async throws -> String {
        try await fleet.told(host, "cat \(console).0 \(console) 2>/dev/null; true")
    }

    /// The numbers that a host's console has, by boot, in order.
    /// - Parameter boot: of those that stand before any boot.
    func acknowledged(on host: String, boot: String) async throws -> [String: [Int]] {
        var (boot, numbers) = (boot, [String: [Int]]())
        for line in try await console(on: host).split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            if words.count == 3, words[0] == "drover-guest:", words[1] == "counting" { boot = String(words[2]) }
            // What a migration cut in two has no beginning or no full stop.
            guard words.count == 3, words[0] == "ack", words[2].hasSuffix("."), let number = Int(words[1]) else {
                continue
            }
            numbers[boot, default: []].append(number)
        }
        return numbers
    }

    /// Waits for a number.
    /// - Parameter last: what it must be beyond, of the same boot; nil waits for a boot.
    func counting(on host: String, beyond last: Record?) async throws -> Record {
        try await eventually(within: 240, every: 0.3, "\(name) counts on \(host)") {
            let numbers = try await acknowledged(on: host, boot: last?.boot ?? "")
            for (boot, counted) in numbers where !boot.isEmpty {
                guard let newest = counted.last, last == nil || (boot == last?.boot && newest > last?.counter ?? 0)
                else { continue }
                return Record(boot: boot, counter: newest)
            }
            return nil
        }
    }

    /// The latest record on its disk, read past the guest.
    func recordOnDisk(of host: String) async throws -> Record? {
        let words: String
        switch disk {
        case .local:
            words = try await fleet.told(
                host,
                """
                rm -f /run/faults.sector
                qemu-img dd -U -f qcow2 -O raw bs=512 skip=114688 count=114689 \
                    if=/var/lib/libvirt/images/\(name)_system.qcow2 of=/run/faults.sector >/dev/null
                tr -d '\\000' < /run/faults.sector
                """)
        case .san:
            words = try await fleet.told(
                "san", "dd if=\"$(ls /srv/san/*-\(name))\" bs=512 skip=114688 count=1 2>/dev/null | tr -d '\\000'")
        }
        let parts = words.split(separator: " ")
        guard parts.count >= 3, let number = Int(parts[1]) else { return nil }
        return Record(boot: String(parts[0]), counter: number)
    }

    /// What `qemu-img check` finds wrong; nil for nothing. A raw disk has nothing to be checked.
    func damage(on host: String) async throws -> String? {
        guard disk == .local else { return nil }
        let ended = try await fleet.on(host, "qemu-img check -U /var/lib/libvirt/images/\(name)_system.qcow2")
        return ended.succeeded ? nil : ended.output + ended.problem
    }

    /// What each host has of it: `running`, `shut off`, `paused`.
    func copies() async throws -> [String: String] {
        var copies: [String: String] = [:]
        for host in fleet.hosts {
            let listed = try await eventually(within: 30, "libvirt on \(host) lists its VMs") {
                let ended = try await fleet.on(host, "timeout 10 virsh -q list --all")
                return ended.succeeded ? ended.output : nil
            }
            for line in listed.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
                guard words.count == 3, words[1] == name else { continue }
                copies[host] = words[2].trimmingCharacters(in: .whitespaces)
            }
        }
        return copies
    }
}
