import Foundation
import Lab
import TestSupport
import Testing

/// What was seen on the way from bare hosts that nobody knows to hosts that let Drover in.
struct FirstContact: Sendable {
    /// What of a hypervisor each host had before anything was done.
    var remainsOfLibvirt: [String: String] = [:]
    var pingBeforeTrust: Ended
    var trustWithoutConsent: Ended
    var knewHostsAfterRefusal: Bool
    var trust: Ended
}

/// What was seen while the hosts became hypervisors.
struct Convergence: Sendable {
    var filesBefore: [String: String] = [:]
    var check: Ended
    var filesAfterCheck: [String: String] = [:]
    var pkiInit: Ended
    var first: Tree
    var firstEnd: Ended
    var second: Tree
    var secondEnd: Ended
    var checkAfterwards: Ended
}

extension LabFleet {
    /// A fleet directory of the stock files and the lab's inventory, whose hosts are known.
    nonisolated func met() async throws -> FirstContact {
        try await stage("met") { fleet in
            var remains: [String: String] = [:]
            for host in fleet.hosts {
                let line = """
                    for word in libvirtd virsh qemu-system-x86_64; do command -v $word; done
                    ls -d /sys/class/net/br0 /etc/pki/CA /etc/libvirt /run/drover 2>/dev/null; true
                    """
                remains[host] = try await fleet.told(host, line)
            }
            let drover = fleet.drover
            try await drover.must("init", drover.fleet)
            try fleet.write("fleet/inventory/hosts.yaml", try fleet.lab.inventory())
            let ping = try await drover("host", "ping")
            let unsure = try await drover("host", "trust")
            let knew = FileManager.default.fileExists(atPath: drover.fleet + "/inventory/known_hosts")
            let trust = try await drover.must("host", "trust", "--yes")
            return FirstContact(
                remainsOfLibvirt: remains, pingBeforeTrust: ping, trustWithoutConsent: unsure,
                knewHostsAfterRefusal: knew, trust: trust)
        }
    }

    /// Two hypervisors, made of the hosts by the stock roles.
    @discardableResult
    nonisolated func converged() async throws -> Convergence {
        _ = try await met()
        return try await stage("converged") { fleet in
            let drover = fleet.drover
            let pki = try await drover.must("pki", "init", "--name", "ci")
            let before = try await fleet.traces()
            let check = try await drover("apply", "--check", "--detailed-exit-code")
            let after = try await fleet.traces()
            let first = try await drover("apply", "--format", "json")
            let second = try await drover("apply", "--format", "json")
            let last = try await drover("apply", "--check", "--detailed-exit-code")
            return Convergence(
                filesBefore: before, check: check, filesAfterCheck: after, pkiInit: pki, first: try Tree(first.output),
                firstEnd: first, second: try Tree(second.output), secondEnd: second, checkAfterwards: last)
        }
    }

    /// What an apply changes: packages, configuration, interfaces, each as text.
    nonisolated func traces() async throws -> [String: String] {
        var traces: [String: String] = [:]
        for host in hosts {
            let line = """
                dpkg-query -W | sha256sum
                find /etc ! -name ld.so.cache -type f -exec sha256sum {} + | sort | sha256sum
                ip -brief link show
                find /run/drover /var/lib/libvirt -mindepth 1 ! -name pending ! -path /run/drover/locks 2>/dev/null; true
                """
            traces[host] = try await told(host, line)
        }
        return traces
    }

    /// The guest image under the name "counter".
    nonisolated func withImage() async throws {
        try await converged()
        _ = try await stage("image") { fleet in
            let image = try await Lab.image()
            return try await fleet.drover.must("image", "add", image, "--name", "counter")
        }
    }

    /// What hosts have of VMs and of Drover's runs: a failure may add nothing to it.
    nonisolated func holdings() async throws -> [String: String] {
        var holdings: [String: String] = [:]
        for host in hosts {
            let line = """
                virsh -q list --all --uuid | sort; virsh -q pool-list --all --name | sort
                virsh -q vol-list default 2>/dev/null | sort; ls -A /var/lib/libvirt/images
                find /run/drover -mindepth 1 ! -name pending ! -path /run/drover/locks; ls -d /run/drover-* 2>/dev/null; true
                """
            holdings[host] = try await told(host, line)
        }
        return holdings
    }

    /// What VMs and operations left on a host; empty when all is well.
    nonisolated func remains(on host: String) async throws -> String {
        let script = Checkout.root + "/Tests/IntegrationTests/Fixtures/remains.sh"
        return try await told(host, try String(contentsOfFile: script, encoding: .utf8))
    }

    /// Waits until the journal has an unfinished operation of a kind that came to a step.
    nonisolated func waitForStep(_ step: String, of kind: String, named vm: String? = nil) async throws {
        let journal = drover.fleet + "/.drover/journal"
        _ = try await eventually(every: 0.01, "an operation \(kind) at \(step)") {
            for file in (try? FileManager.default.contentsOfDirectory(atPath: journal)) ?? [] {
                let text = (try? String(contentsOfFile: journal + "/" + file, encoding: .utf8)) ?? ""
                let steps = text.split(separator: "\n").compactMap { try? Tree(String($0)) }
                guard steps.first?["kind"].string == kind, vm == nil || steps.first?["vm"].string == vm else {
                    continue
                }
                let names = steps.compactMap { $0["step"].string }
                if names.contains(step), !names.contains("finished"), !names.contains("undone") { return true }
            }
            return nil
        }
    }

    /// A copy of the fleet directory to spoil.
    nonisolated func spoiled(_ name: String) async throws -> Drover {
        let place = folder + "/" + name
        try? FileManager.default.removeItem(atPath: place)
        try FileManager.default.copyItem(atPath: drover.fleet, toPath: place)
        return drover.working(in: place)
    }
}
