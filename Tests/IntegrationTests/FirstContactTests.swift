import Foundation
import Testing

extension OnALab {
    /// Bare hosts, and how Drover gets to know them.
    @Suite struct FirstContactTests {
        @Test func hostsAreBare() async throws {
            let fleet = try LabFleet.shared()
            for (host, remains) in try await fleet.met().remainsOfLibvirt {
                #expect(remains.isEmpty, "\(host) has \(remains)")
            }
        }

        @Test func strangersAreRefusedWithTheirFingerprints() async throws {
            let fleet = try LabFleet.shared()
            let ping = try await fleet.met().pingBeforeTrust
            #expect(ping.code == 4, ping.words)
            for host in fleet.hosts {
                let print = try await fleet.fingerprint(host)
                #expect(ping.problem.contains("\(host): error: the host key is not known"), ping.words)
                #expect(ping.problem.contains(print), ping.words)
                #expect(ping.problem.contains("drover host trust -t \(host)"), ping.words)
            }
        }

        @Test func trustNeedsConsent() async throws {
            let fleet = try LabFleet.shared()
            let met = try await fleet.met()
            #expect(met.trustWithoutConsent.code == 64, met.trustWithoutConsent.words)
            #expect(met.trustWithoutConsent.problem.contains("--yes"))
            #expect(!met.knewHostsAfterRefusal)
            for host in fleet.hosts {
                let print = try await fleet.fingerprint(host)
                #expect(met.trustWithoutConsent.output.contains(print))
                #expect(met.trust.output.contains(print))
            }
            let ping = try await fleet.drover("host", "ping")
            #expect(ping.code == 0, ping.words)
        }

        @Test func aChangedKeyIsRefusedWithBothFingerprintsAndTheLine() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let drover = try await fleet.spoiled("changed-key")
            let path = drover.fleet + "/inventory/known_hosts"
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
            let number = try #require(lines.firstIndex { $0.hasPrefix("10.77.0.11 ssh-ed25519") })
            let other = try #require(lines.first { $0.hasPrefix("10.77.0.12 ssh-ed25519") })
            var forged = lines
            forged[number] = other.replacing("10.77.0.12", with: "10.77.0.11")
            try (forged.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)

            let ping = try await drover("host", "ping")
            #expect(ping.code == 4, ping.words)
            #expect(ping.problem.contains("known_hosts:\(number + 1)"), ping.words)
            for host in fleet.hosts {
                let print = try await fleet.fingerprint(host)
                #expect(ping.problem.contains(print), ping.words)
            }
            #expect(ping.output.contains(/hv2 +yes/), ping.words)

            let trust = try await drover("host", "trust", "--yes")
            #expect(trust.code == 1, trust.words)
            #expect(try String(contentsOfFile: path, encoding: .utf8).contains(forged[number]))
        }

        @Test func factsAreThoseOfTheHost() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let facts = try await fleet.drover.json("host", "facts")
            for host in fleet.hosts {
                let own = facts[host]
                let expected = [
                    "os": "Debian", "os_family": "Debian", "osfinger": "Debian-12", "osmajorrelease": "12",
                    "oscodename": "bookworm", "kernel": "Linux", "init": "systemd", "id": host, "host": host,
                    "machine_id": try await fleet.told(host, "cat /etc/machine-id"),
                    "kernelrelease": try await fleet.told(host, "uname -r"),
                    "cpuarch": try await fleet.told(host, "uname -m"),
                    "num_cpus": try await fleet.told(host, "nproc"),
                ]
                for (name, value) in expected {
                    let found = own[name].string ?? own[name].number.map { String(Int($0)) }
                    #expect(found == value, "\(host): \(name)")
                }
                #expect(
                    own["ip4_interfaces"].map.values.contains {
                        $0.list.contains { $0.string == "10.77.0.1\(host.suffix(1))" }
                    })
                #expect(own["hypervisor"]["kvm"].bool != nil)
            }
        }
    }
}

extension LabFleet {
    /// The fingerprint of a host's Ed25519 key, as the host itself says.
    nonisolated func fingerprint(_ host: String) async throws -> String {
        let line = try await told(host, "cat /etc/ssh/ssh_host_ed25519_key.pub")
        let path = try write("\(host).pub", line + "\n")
        let words = try await Ended.run(["ssh-keygen", "-l", "-f", path]).output.split(separator: " ")
        return String(try #require(words.dropFirst().first))
    }
}
