import Foundation
import Testing

extension OnALab {
    /// From bare hosts to hypervisors, and that there they stay.
    @Suite struct ConvergenceTests {
        @Test func anAuthorityIsNotReplacedWithoutConsent() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let ledger = try Data(contentsOf: URL(fileURLWithPath: fleet.drover.fleet + "/pki/ledger.jsonl"))
            let again = try await fleet.drover("pki", "init")
            #expect(again.code == 64, again.words)
            #expect(again.problem.contains("--yes"), again.words)
            #expect(try Data(contentsOf: URL(fileURLWithPath: fleet.drover.fleet + "/pki/ledger.jsonl")) == ledger)
        }

        @Test func aCheckForetellsAndChangesNothing() async throws {
            let seen = try await LabFleet.shared().converged()
            #expect(seen.check.code == 2, seen.check.words)
            #expect(seen.filesBefore == seen.filesAfterCheck)
            for word in ["+iface br0 inet dhcp", "libvirt-daemon-system", "-auto eth0", "libvirtd-tls.socket"] {
                #expect((seen.check.output + seen.check.problem).contains(word), "\(word) is not foretold")
            }
        }

        @Test func theFirstApplyDoesAllOfIt() async throws {
            let fleet = try LabFleet.shared()
            let seen = try await fleet.converged()
            #expect(seen.firstEnd.code == 0, seen.firstEnd.words)
            #expect(Set(seen.first.map.keys) == Set(fleet.hosts))
            for host in fleet.hosts {
                let states = seen.first[host].map
                #expect(states.count >= 7)
                for (tag, state) in states {
                    #expect(state["result"].bool == true, "\(host): \(tag): \(state["comment"])")
                    #expect(!state["changes"].map.isEmpty, "\(host): \(tag)")
                }
                #expect(try await fleet.told(host, "ls /sys/class/net/br0/brif").contains("eth0"))
                #expect(try await fleet.told(host, "systemctl is-active libvirtd-tls.socket") == "active")
                #expect(try await fleet.told(host, "ip -4 -o addr show br0").contains("10.77.0.1\(host.suffix(1))/24"))
            }
        }

        @Test func theSecondApplyChangesNothing() async throws {
            let fleet = try LabFleet.shared()
            let seen = try await fleet.converged()
            #expect(seen.secondEnd.code == 0, seen.secondEnd.words)
            for host in fleet.hosts {
                #expect(Set(seen.second[host].map.keys) == Set(seen.first[host].map.keys))
                for (tag, state) in seen.second[host].map {
                    #expect(state["result"].bool == true, "\(host): \(tag): \(state["comment"])")
                    #expect(state["changes"].map.isEmpty, "\(host): \(tag): \(state["changes"])")
                    let keys = [
                        "name", "result", "changes", "comment", "duration", "start_time", "__id__", "__sls__",
                        "__run_num__",
                    ]
                    for key in keys { #expect(state.map[key] != nil, "\(tag) has no \(key)") }
                    let parts = tag.split(separator: "_|-", omittingEmptySubsequences: false).map(String.init)
                    #expect(parts.count == 4 && parts[1] == state["__id__"].string && parts[2] == state["name"].string)
                }
            }
            #expect(seen.checkAfterwards.code == 0, seen.checkAfterwards.words)
        }

        @Test func whatSomebodyChangesByHandIsShownAndPutRight() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let file = "/etc/libvirt/libvirtd.conf"
            let good = try await fleet.told("hv1", "sha256sum \(file)")
            _ = try await fleet.told("hv1", "echo '# by hand' >>\(file) && chmod 0600 \(file)")
            let check = try await fleet.drover("apply", "--check", "--detailed-exit-code")
            #expect(check.code == 2, check.words)
            #expect(check.output.contains("-# by hand"), check.words)
            #expect(try await fleet.told("hv1", "tail -n 1 \(file)") == "# by hand")
            try await fleet.drover.must("apply")
            #expect(try await fleet.told("hv1", "sha256sum \(file)") == good)
            #expect(try await fleet.told("hv1", "stat -c %a \(file)") == "644")
            let last = try await fleet.drover("apply", "--check", "--detailed-exit-code")
            #expect(last.code == 0, last.words)
        }

        @Test func hostsHaveUUIDsOfTheirOwn() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            var found: Set<String> = []
            for host in fleet.hosts {
                let uuid = "virsh -r capabilities | sed -n 's/.*<uuid>\\(.*\\)<.*/\\1/p'"
                let first = try await fleet.told(host, uuid)
                _ = try await fleet.told(host, "systemctl restart libvirtd")
                #expect(try await fleet.told(host, uuid) == first)
                found.insert(first)
            }
            #expect(found.count == 2 && !found.contains(""), "\(found)")
        }
    }
}
