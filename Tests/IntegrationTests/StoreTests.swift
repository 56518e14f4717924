import Foundation
import Glibc
import Testing

extension OnALab {
    /// Pools, volumes and networks of the hosts.
    @Suite struct StoreTests {
        @Test func aPoolIsMadeOnSeveralHostsAndGoesAgain() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let drover = fleet.drover
            let make = ["pool", "create", "data", "--path", "/srv/data/a b", "--mode", "0711", "-t", "hypervisors"]
            let check = try await drover.run(make + ["--check"])
            #expect(check.succeeded && check.output.contains("would change"), check.words)
            #expect(try await fleet.told("hv1", "ls -d /srv/data 2>/dev/null; true").isEmpty)
            let made = try Tree(try await drover.run(make + ["--format", "json"]).output)
            #expect(made.list.map { $0["result"].string } == ["changed", "changed"])
            let again = try Tree(try await drover.run(make + ["--format", "json"]).output)
            #expect(again.list.map { $0["result"].string } == ["unchanged", "unchanged"])
            for host in fleet.hosts {
                #expect(try await fleet.told(host, "stat -c %a '/srv/data/a b'") == "711")
                #expect(try await fleet.told(host, "virsh pool-info data").contains("running"))
            }
            let other = try await drover("pool", "create", "data", "--path", "/srv/other", "-t", "hv1")
            #expect(other.code == 3 && other.problem.contains("target: /srv/data/a b -> /srv/other"), other.words)
            let set = try await drover.must("pool", "set", "data", "--mode", "0700", "-t", "hv2")
            #expect(set.output.contains("permissions.mode: 0711 -> 0700"), set.words)
            #expect(try await fleet.told("hv2", "stat -c %a '/srv/data/a b'") == "700")

            try await drover.must("pool", "volume", "create", "data", "v.qcow2", "--size", "10M", "-t", "hypervisors")
            try await drover.must("pool", "volume", "resize", "data", "v.qcow2", "20M", "-t", "hv1")
            let sizes = try await drover.json("pool", "volume", "list", "data").list
            #expect(sizes.map { $0["capacity_bytes"].number } == [20_971_520, 10_485_760], "\(sizes)")
            for words in ["one", "another"] {
                let file = try fleet.write("upload", words)
                let upload = ["pool", "volume", "upload", "data", "file.raw", file, "-t", "hv1"]
                let sent = try await drover.run(upload + (words == "one" ? [] : ["--replace", "--yes"]))
                #expect(sent.succeeded, sent.words)
                #expect(try await fleet.told("hv1", "cat '/srv/data/a b/file.raw'") == words)
            }
            // What libvirt has not seen yet keeps what it stands on.
            _ = try await fleet.told(
                "hv1",
                "cd '/srv/data/a b' && ! ls *.part 2>/dev/null && qemu-img create -q -f qcow2 -F qcow2 -b v.qcow2 over.qcow2"
            )
            for act in [["delete", "data", "v.qcow2", "--yes"], ["resize", "data", "v.qcow2", "40M"]] {
                let refused = try await drover.run(["pool", "volume"] + act + ["-t", "hv1"])
                #expect(refused.code == 3 && refused.problem.contains("\"over.qcow2\" stands on"), refused.words)
            }
            let kept = try await drover("pool", "delete", "data", "-t", "hv1", "--content")
            #expect(kept.code == 64 && kept.problem.contains("v.qcow2"), kept.words)
            try await drover.must("pool", "delete", "data", "-t", "hv1", "--content", "--yes")
            try await drover.must("pool", "delete", "data", "-t", "hv2", "--yes")
            #expect(try await fleet.told("hv1", "ls /srv/data").isEmpty)
            #expect(try await fleet.told("hv2", "ls '/srv/data/a b'") == "v.qcow2")
            #expect(try await drover.json("pool", "list").list.allSatisfy { $0["name"].string != "data" })
            _ = try await fleet.told("hv2", "rm -r /srv/data")
        }

        /// What is wrong with one pool is no matter of another's, and is not mended by formatting.
        @Test func aBrokenPoolHoldsUpNoOther() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let drover = fleet.drover
            for name in ["near", "gone"] {
                try await drover.must("pool", "create", name, "--path", "/srv/\(name)", "-t", "hv1")
            }
            try await drover.must("pool", "volume", "create", "near", "v.qcow2", "--size", "1M", "-t", "hv1")
            _ = try await fleet.told("hv1", "rmdir /srv/gone")
            try await drover.must("pool", "volume", "delete", "near", "v.qcow2", "--yes", "-t", "hv1")
            let anew = try await drover(
                "pool", "create", "gone", "--path", "/srv/gone", "--build", "overwrite", "--yes", "-t", "hv1")
            #expect(anew.code == 3 && anew.problem.contains("its devices are not prepared anew"), anew.words)
            for name in ["near", "gone"] { try await drover.must("pool", "delete", name, "--yes", "-t", "hv1") }
            _ = try await fleet.told("hv1", "rm -r /srv/near")
        }

        @Test(arguments: [
            ["--trunk"], ["--domain-local-only"], ["--bootp-server", "10.9.0.2"],
        ]) func anOptionThatWouldDoNothingIsRefused(_ options: [String]) async throws {
            let ended = try await LabFleet.shared().drover.run(["network", "create", "none", "-t", "hv1"] + options)
            #expect(ended.code == 64 && ended.problem.contains("\(options[0]) needs --"), ended.words)
        }

        @Test func whatCannotStartLeavesNoPoolAndNoSecret() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let password = try fleet.write("chap", "not for the world\n")
            let ended = try await fleet.drover(
                "pool", "create", "san", "--type", "iscsi", "--path", "/dev/disk/by-path", "--source-host",
                "10.77.0.250",
                "--device", "iqn.2026-01.lan.nas:vms", "--auth-user", "drover", "--auth-password-file", password,
                "-t", "hv1")
            #expect(ended.code == 3 && ended.problem.contains("hv1: error: cannot start pool \"san\""), ended.words)
            #expect(
                try await fleet.told("hv1", "virsh -q pool-list --all; virsh -q secret-list; true")
                    .contains("san") == false)
            let operation = try #require(
                try await fleet.drover.json("op", "list").list.last { $0["kind"].string == "pool" })
            #expect(operation["last_step"].string == "undone")
            // A pool that only stands ready keeps its secret, and takes it along.
            try await fleet.drover.must(
                "pool", "create", "spare", "--type", "iscsi", "--path", "/dev/disk/by-path", "--source-host", "nas",
                "--device", "iqn.2026-01.lan.nas:vms", "--auth-user", "drover", "--auth-password-file", password,
                "--no-start", "--no-autostart", "-t", "hv1")
            #expect(try await fleet.told("hv1", "virsh secret-list").contains("iscsi pool_spare"))
            try await fleet.drover.must("pool", "delete", "spare", "--yes", "-t", "hv1")
            #expect(try await fleet.told("hv1", "virsh -q secret-list").isEmpty)
            let traces = try await Ended.run(["grep", "-rlE", "not for the world", fleet.drover.fleet])
            #expect(traces.output.isEmpty, traces.words)
        }

        @Test func aGuestGetsALeaseAndKeepsItsNetwork() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let drover = fleet.drover
            try await drover.must(
                "network", "create", "island", "--mode", "isolated", "--cidr", "10.9.0.0/24", "-t", "hv1")
            try await drover.must(
                "vm", "create", "castaway", "--image", "counter", "--memory", "96M", "--nic", "network=island", "--on",
                "hv1")
            let guest = Guest(fleet: fleet, name: "castaway")
            let mac = try #require(try await guest.show()["interfaces"].list.first?["mac"].string)
            let address = try await eventually(within: 120, "the guest has a lease") {
                try await drover.json("network", "leases", "island", "-t", "hv1").list
                    .first { $0["mac"].string == mac }?["address"].string
            }
            #expect(address.hasPrefix("10.9.0."))
            let fetch =
                "bash -c 'exec 3<>/dev/tcp/\(address)/80; printf \"GET /counter HTTP/1.0\\r\\n\\r\\n\" >&3; cat <&3'"
            _ = try await eventually(within: 60, "the guest answers on its network") {
                try await fleet.on("hv1", fetch).output.contains("200") ? true : nil
            }
            // While it runs: an address more is taken without a restart, an MTU by one that connects it again.
            let live = try await drover.must(
                "network", "update", "island", "--add-host", "52:54:00:aa:bb:01,10.9.0.5,db1", "-t", "hv1")
            #expect(live.problem.isEmpty, live.words)
            let restart = try await drover.must("network", "update", "island", "--mtu", "1400", "--yes", "-t", "hv1")
            #expect(restart.problem.contains("\"castaway\" loses the link for a moment"), restart.words)
            _ = try await eventually(within: 60, "the guest answers again") {
                try await fleet.on("hv1", fetch).output.contains("200") ? true : nil
            }
            for act in [["network", "stop", "island"], ["network", "delete", "island", "--yes"]] {
                let refused = try await drover.run(act + ["-t", "hv1"])
                #expect(refused.code == 3 && refused.problem.contains("\"castaway\" (running)"), refused.words)
            }
            let volume = try await drover(
                "pool", "volume", "delete", "default", "castaway_system.qcow2", "--yes", "-t", "hv1")
            #expect(volume.code == 3 && volume.problem.contains("\"castaway\" (running)"), volume.words)
            try await drover.must("vm", "kill", "castaway", "--yes")
            for act in [["network", "delete", "island", "--yes"], ["pool", "delete", "default", "--yes"]] {
                let refused = try await drover.run(act + ["-t", "hv1"])
                #expect(refused.code == 3 && refused.problem.contains("\"castaway\" (off)"), refused.words)
            }
            try await drover.must("vm", "delete", "castaway", "--yes")
            try await drover.must("network", "delete", "island", "--yes", "-t", "hv1")
            #expect(try await drover.json("network", "list").list.allSatisfy { $0["name"].string != "island" })
        }
    }
}
