import Foundation
import Testing

@testable import Lab

/// What the machine has that a lab could leave behind.
private struct Traces: Equatable {
    var mounts: [String]
    var links: String
    var groups: [String]
    var files: [String]

    static func now() async throws -> Traces {
        let groups = try await Tool.run(["find", "/sys/fs/cgroup", "-type", "d", "-path", "*/drover-lab/trial*/hv?"])
        return Traces(
            mounts: Mounts.points(in: Disk.read("/proc/self/mountinfo") ?? "").filter { $0.contains("drover") },
            links: try await Tool.run(["ip", "-brief", "link", "show"]).split(separator: "\n")
                .filter { $0.contains("hv") || $0.contains("br-lab") }.joined(),
            groups: groups.split(separator: "\n").map(String.init),
            files: Disk.list("/var/lib/drover/lab").filter { $0.hasPrefix("trial") }
                + Disk.list("/run/drover-lab").filter { $0.hasPrefix("trial") })
    }
}

private enum Machine {
    static let canHaveLabs: Bool = {
        if ProcessInfo.processInfo.environment["DROVER_REQUIRE_LAB"] == "1" { return true }
        return geteuid() == 0 && Prerequisites.missing(Prerequisites.lab).isEmpty
    }()
}

/// A lab of real hosts. Needs root and the programs; `DROVER_REQUIRE_LAB=1` makes their absence a failure.
@Suite(.serialized, .enabled(if: Machine.canHaveLabs, "needs root and the lab's programs"), .timeLimit(.minutes(10)))
struct LiveLab {
    /// A lab that is gone after the body, whatever happens in it.
    private func withLab(_ name: String, hosts: Int, _ body: (Lab) async throws -> Void) async throws {
        let lab = try Lab(name: name)
        try await lab.down()
        let before = try await Traces.now()
        do {
            try await lab.up(hosts: hosts)
            try await body(lab)
        } catch {
            try await lab.down()
            throw error
        }
        let running = ProcessTable.using(upper: lab.folders.tree(LabHost(number: 1)) + "/upper")
        let namespace = try #require(Disk.read(lab.folders.namespaceRecord))
        #expect(try await lab.down())
        #expect(ProcessTable.inside(networkNamespace: namespace, device: LabNetwork.bridge).isEmpty)
        #expect(running.allSatisfy { !$0.isAlive })
        let after = try await Traces.now()
        #expect(after == before, "\(after)")
        #expect(try await lab.down() == false)
    }

    private func run(_ lab: Lab, _ host: String, _ command: String) async throws -> Tool.Outcome {
        try await Tool.attempt(lab.shellCommand(host, [command]))
    }

    @Test func hostsAreBareReachableAndLeaveNothing() async throws {
        try await withLab("trial1", hosts: 2) { lab in
            let status = try await lab.status()
            #expect(status.isUp)
            #expect(status.hosts.map(\.systemState) == ["running", "running"])
            #expect(Set(status.leases.map(\.address)).isSuperset(of: ["10.77.0.11", "10.77.0.12"]))
            #expect(status.knownHosts.contains { $0.hasPrefix("10.77.0.12 ssh-ed25519 ") })

            let host = try await run(lab, "hv1", "cat /proc/1/comm; hostname; command -v virsh; ip -4 -br a show eth0")
            #expect(host.output.hasPrefix("systemd\nhv1\neth0"))
            let ids = try await (run(lab, "hv1", "cat /etc/machine-id"), run(lab, "hv2", "cat /etc/machine-id"))
            #expect(ids.0.output != ids.1.output)

            let ssh = try await Tool.attempt(
                lab.networkPrefix() + [
                    "ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                ]
                    + [
                        "-o", "UserKnownHostsFile=/dev/null", "-i", lab.folders.key, "root@10.77.0.12",
                        "ping -c 1 -W 2 hv1",
                    ])
            #expect(ssh.succeeded, "\(ssh.problem)")
            let install = try await run(lab, "hv1", "apt-get -qq update && apt-get -qq install -y hello && hello")
            #expect(install.output.contains("Hello, world!"), "\(install.problem)")

            #expect(try await lab.up().hosts.map(\.processID) == status.hosts.map(\.processID))
        }
    }

    @Test func powerAndLinkDoWhatTheySay() async throws {
        try await withLab("trial2", hosts: 2) { lab in
            let ping = "ping -c 1 -W 1 10.77.0.12"
            for (state, arrives) in [
                (LinkState.cut, false), (.restore, true), (.oneWay, false), (.slow, true), (.restore, true),
            ] {
                try await lab.link("hv1", state)
                var answer = false
                for _ in 0..<(arrives ? 20 : 2) where !answer { answer = try await run(lab, "hv1", ping).succeeded }
                #expect(answer == arrives, "link \(state.rawValue)")
            }
            _ = try await run(lab, "hv1", "echo kept > /root/mark; sync")
            try await lab.power("hv1", on: false)
            #expect(try await lab.status().hosts.map(\.isRunning) == [false, true])
            #expect(throws: LabError.self) { try lab.shellCommand("hv1", ["true"]) }
            try await lab.power("hv1", on: true)
            #expect(try await run(lab, "hv1", "cat /root/mark").output == "kept\n")

            let boot = try await run(lab, "hv2", "cat /proc/sys/kernel/random/boot_id").output
            _ = try await run(lab, "hv2", "systemctl reboot")
            var again = boot
            for _ in 0..<100 where again == boot || again.isEmpty {
                try await Task.sleep(for: .milliseconds(200))
                again = (try? await run(lab, "hv2", "cat /proc/sys/kernel/random/boot_id").output) ?? ""
            }
            #expect(again != boot)
        }
    }

    @Test func whatACutOffMachineLeavesIsPutRight() async throws {
        try await withLab("trial3", hosts: 1) { lab in
            let controller = try lab.controller()
            let container = try lab.running("hv1").container
            let leader = try #require(container.leader)
            controller.kill()
            container.kill()
            try await lab.up()
            #expect(!leader.isAlive)
            #expect(try await lab.status().hosts.map(\.systemState) == ["running"])
        }
    }

    @Test func twoLabsStandSideBySide() async throws {
        try await withLab("trial4", hosts: 1) { first in
            try await withLab("trial5", hosts: 1) { second in
                let names = try await (first.status().hosts[0], second.status().hosts[0])
                #expect(names.0.address == names.1.address)
                #expect(Set(names.0.hostKeys).isDisjoint(with: names.1.hostKeys))
            }
            #expect(try await first.status().isUp)
        }
    }

    @Test func theGuestImageIsMadeOnce() async throws {
        let path = try await Lab.image()
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect((8 << 20)...(20 << 20) ~= size)
        #expect(try await Lab.image() == path)
    }
}
