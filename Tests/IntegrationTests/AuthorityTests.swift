import Foundation
import Glibc
import Testing

extension OnALab {
    /// Who is let in where, and that certificates can be replaced under running guests.
    @Suite struct AuthorityTests {
        private let controllerPair = "pki/controller"

        /// Whether libvirtd admits a client: it greets those whom it verified with one byte. Somebody else's TLS.
        private func admits(_ fleet: LabFleet, _ certificate: String, _ key: String, at address: String) async throws
            -> Bool
        {
            let authority = "\(fleet.drover.fleet)/\(controllerPair)/cacert.pem"
            let greeting = """
                sleep 2 | timeout 20 openssl s_client -connect "$1:16514" -CAfile "$2" -cert "$3" -key "$4" \\
                    -verify_return_error -quiet -no_ign_eof 2>/dev/null | od -An -tu1
                """
            let ended = try await fleet.controller("sh", "-c", greeting, "sh", address, authority, certificate, key)
            return ended.output.trimmingCharacters(in: .whitespacesAndNewlines) == "1"
        }

        private func copied(_ fleet: LabFleet, _ host: String, _ path: String) async throws -> String {
            let name = host + path.replacing("/", with: "-")
            return try fleet.write("pairs/\(name)", try await fleet.told(host, "cat \(path)") + "\n")
        }

        @Test func keysAreReadableByTheirOwnersOnly() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let expected = [
                "/etc/pki/libvirt/private/serverkey.pem": "600 root root",
                "/etc/pki/libvirt/private/clientkey.pem": "600 root root",
                "/etc/pki/qemu/server-key.pem": "640 root libvirt-qemu",
                "/etc/pki/qemu/client-key.pem": "640 root libvirt-qemu",
            ]
            for host in fleet.hosts {
                for (path, facts) in expected {
                    #expect(try await fleet.told(host, "stat -L -c '%a %U %G' \(path)") == facts, "\(host): \(path)")
                }
                let keys =
                    "grep -rl 'PRIVATE KEY' /etc/pki /run /tmp /var/tmp /root 2>/dev/null | xargs -r stat -c '%a %n'"
                for line in try await fleet.told(host, keys).split(separator: "\n") {
                    #expect(line.hasPrefix("600 /etc/pki/") || line.hasPrefix("640 /etc/pki/qemu/"), "\(host): \(line)")
                }
                // The CAs' own keys never leave the controller, and no host has another's pair.
                let cas = try await fleet.told(
                    host, "cat /etc/pki/CA/cacert.pem /etc/pki/qemu/ca-cert.pem | grep -c BEGIN")
                #expect(cas == "2")
            }
            let walker = try #require(FileManager.default.enumerator(atPath: fleet.drover.fleet + "/pki"))
            for case let name as String in walker {
                let facts = try FileManager.default.attributesOfItem(atPath: "\(fleet.drover.fleet)/pki/\(name)")
                guard facts[.type] as? FileAttributeType != .typeSymbolicLink else { continue }
                let mode = try #require(facts[.posixPermissions] as? Int)
                #expect(mode & 0o077 == 0, "\(name) has mode \(String(mode, radix: 8))")
            }
        }

        @Test func aPairForQEMUDoesNotOpenTheAPI() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let own = "\(fleet.drover.fleet)/\(controllerPair)"
            #expect(try await admits(fleet, own + "/clientcert.pem", own + "/clientkey.pem", at: "10.77.0.12"))
            for name in ["client", "server"] {
                let certificate = try await copied(fleet, "hv1", "/etc/pki/qemu/\(name)-cert.pem")
                let key = try await copied(fleet, "hv1", "/etc/pki/qemu/\(name)-key.pem")
                #expect(try await !admits(fleet, certificate, key, at: "10.77.0.12"), "\(name)")
            }
            // What a host's own libvirt shows when it migrates to another host is let in.
            let certificate = try await copied(fleet, "hv1", "/etc/pki/libvirt/clientcert.pem")
            let key = try await copied(fleet, "hv1", "/etc/pki/libvirt/private/clientkey.pem")
            #expect(try await admits(fleet, certificate, key, at: "10.77.0.12"))
        }

        @Test func everyServedCertificateIsVerified() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let ended = try await fleet.drover("pki", "status", "--format", "json")
            #expect(ended.code == 0, ended.words)
            let findings = try Tree(ended.output).list
            for host in fleet.hosts {
                let own = findings.filter { $0["host"].string == host }
                #expect(Set(own.compactMap { $0["plane"].string }).isSuperset(of: ["api", "migration"]))
                for finding in own {
                    #expect(finding["verified"].bool == true && finding["problem"] == .null, "\(finding)")
                    #expect((finding["days_left"].number ?? 0) > 300)
                }
                let certificate = try await copied(fleet, host, "/etc/pki/libvirt/servercert.pem")
                let words = try await Ended.run(["openssl", "x509", "-noout", "-serial", "-in", certificate]).output
                let serial = words.trimmingCharacters(in: .newlines).split(separator: "=").last.map { $0.lowercased() }
                #expect(own.first { $0["plane"].string == "api" }?["serial"].string == serial)
            }
        }

        @Test func allIsReplacedUnderARunningGuest() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let before = try await guest.counting()
            let pids = try await daemons(fleet)
            let old = fleet.folder + "/pairs/old-controller"
            try FileManager.default.createDirectory(atPath: fleet.folder + "/pairs", withIntermediateDirectories: true)
            let pair = URL(fileURLWithPath: "\(fleet.drover.fleet)/\(controllerPair)").resolvingSymlinksInPath().path
            try FileManager.default.copyItem(atPath: pair, toPath: old)
            let oldSerials = try await serials(fleet)

            let rotation = try await fleet.drover("pki", "rotate", "--all", "--yes")
            #expect(rotation.code == 0, rotation.words)

            #expect(try await daemons(fleet) == pids)
            let status = try await fleet.drover("pki", "status")
            #expect(status.code == 0, status.words)
            #expect(Set(try await serials(fleet)).isDisjoint(with: oldSerials))
            let own = "\(fleet.drover.fleet)/\(controllerPair)"
            for address in ["10.77.0.11", "10.77.0.12"] {
                #expect(try await !admits(fleet, old + "/clientcert.pem", old + "/clientkey.pem", at: address))
                #expect(try await admits(fleet, own + "/clientcert.pem", own + "/clientkey.pem", at: address))
            }
            let after = try await guest.counting()
            #expect(after.boot == boot && after.number > before.number)
            let log = try await guest.log().filter { $0.number >= before.number }
            for (one, next) in zip(log, log.dropFirst()) {
                #expect(next.number == one.number + 1 && next.uptime - one.uptime <= 2, "\(one) \(next)")
            }
            let check = try await fleet.drover("apply", "--check", "--detailed-exit-code")
            #expect(check.code == 0, check.words)
        }

        @Test(arguments: ["creating", "issuing"])
        func aRotationWhoseControllerWasKilledIsFinished(at step: String) async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let pids = try await daemons(fleet)
            let ended = try await fleet.drover("pki", "rotate", "--all", "--yes") { drover in
                try await fleet.waitForStep(step, of: "rotate")
                kill(drover, SIGKILL)
            }
            #expect(ended.code == 128 + SIGKILL, ended.words)
            // Nobody is locked out at any point of it.
            try await fleet.drover.must("vm", "list")
            let recovery = try await fleet.drover("op", "recover", "--format", "json")
            #expect(recovery.code == 0, recovery.words)
            #expect(try Tree(recovery.output).list.map { $0["result"].string } == ["finished"], recovery.words)
            let status = try await fleet.drover("pki", "status")
            #expect(status.code == 0, status.words)
            #expect(try await daemons(fleet) == pids)
            #expect(try await guest.counting().boot == boot)
        }

        private func daemons(_ fleet: LabFleet) async throws -> [String] {
            var pids: [String] = []
            for host in fleet.hosts {
                // It may have gone to sleep: systemd starts it when somebody calls.
                _ = try await fleet.told(host, "virsh -q list")
                pids.append(try await fleet.told(host, "systemctl show -p MainPID --value libvirtd"))
            }
            return pids
        }

        private func serials(_ fleet: LabFleet) async throws -> [String] {
            try await fleet.drover.json("pki", "status").list.flatMap {
                [$0["serial"].string, $0["issuer_serial"].string].compactMap { $0 }
            }
        }
    }
}
