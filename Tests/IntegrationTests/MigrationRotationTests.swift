import Foundation
import Glibc
import Testing

extension OnALab {
    /// VMs move while certificates change: under the migration, and between hosts of which only one has new ones.
    @Suite struct MigrationRotationTests {
        private func serials(_ fleet: LabFleet) async throws -> Set<String> {
            Set(try await fleet.drover.json("pki", "status").list.compactMap { $0["serial"].string })
        }

        private func move(_ guest: Guest, from source: String, to destination: String) async throws {
            let ended = try await guest.fleet.drover(
                "vm", "migrate", guest.name, "--to", destination, "--keep-source", "0")
            #expect(ended.code == 0, "\(source) to \(destination): \(ended.words)")
            #expect(try await guest.copies().keys.sorted() == [destination])
        }

        @Test func everyCertificateIsReplacedUnderAMigration() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let source = try await guest.host()
            let destination = try #require(fleet.hosts.first { $0 != source })
            let before = try await serials(fleet)
            let ended = try await fleet.drover("vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1") {
                _ in
                _ = try await eventually(every: 0.1, "\(guest.name)'s memory is copied") {
                    let job = try await fleet.on(source, "virsh -q domjobinfo \(guest.name)")
                    return job.output.contains("Memory remaining") ? true : nil
                }
                let rotation = try await fleet.drover("pki", "rotate", "--all", "--yes")
                #expect(rotation.code == 0, rotation.words)
                // It was under way all the time.
                #expect(try await guest.copies()[source]?.hasPrefix("running") == true)
                _ = try await fleet.on(source, "virsh -q migrate-setspeed \(guest.name) 1000")
            }
            #expect(ended.code == 0, ended.words)
            let after = try await serials(fleet)
            #expect(after.count == before.count && after.isDisjoint(with: before))
            #expect(try await guest.copies().keys.sorted() == [destination])
            #expect(try await guest.counting().boot == boot)
            try await move(guest, from: destination, to: source)
        }

        @Test func onlyOneHostHasNewCertificates() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let journal = fleet.drover.fleet + "/.drover/journal"
            let known = Set((try? FileManager.default.contentsOfDirectory(atPath: journal)) ?? [])
            // Killed when the first host has its new pairs, of new CAs, and the others have their old ones.
            let ended = try await fleet.drover("pki", "rotate", "--all", "--yes") { rotation in
                _ = try await eventually(every: 0.01, "the first host has its new pairs") {
                    let records = (try? FileManager.default.contentsOfDirectory(atPath: journal)) ?? []
                    return records.contains { name in
                        guard !known.contains(name), name.hasSuffix(".jsonl") else { return false }
                        return (try? String(contentsOfFile: "\(journal)/\(name)", encoding: .utf8))?
                            .contains(#""rotated""#) == true
                    } ? true : nil
                }
                kill(rotation, SIGKILL)
            }
            #expect(ended.code == 128 + SIGKILL, ended.words)
            let source = try await guest.host()
            let destination = try #require(fleet.hosts.first { $0 != source })
            try await move(guest, from: source, to: destination)
            try await move(guest, from: destination, to: source)
            #expect(try await guest.counting().boot == boot)
            let recovery = try await fleet.drover("op", "recover")
            #expect(recovery.code == 0, recovery.words)
            let status = try await fleet.drover.json("pki", "status").list
            #expect(status.allSatisfy { $0["verified"].bool == true }, "\(status)")
            try await move(guest, from: source, to: destination)
        }
    }
}
