import Foundation
import PKI
import Testing

@Suite(.timeLimit(.minutes(2)))
struct AuthorityTests {
    @Test func remembersWhatItIssued() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let first = try await authority.issue(profile("hv1"), requestedBy: "ann", reason: "new host")
            let second = try await authority.issue(profile("hv1"), requestedBy: "ann", reason: "again")
            _ = try await authority.issue(profile("hv1", .data), requestedBy: "ann", reason: "new host")
            let again = try await Authority.open(directory: scratch.pki + "/")
            let current = try #require(try again.current(name: "hv1", plane: .api))
            #expect(current == second.entry)
            #expect(current.by == "ann" && current.reason == "again" && current.serial == second.certificate.serial)
            #expect(try Certificate(pem: current.certificatePEM) == second.certificate)
            #expect(try again.entry(serial: first.certificate.serial)?.fingerprint == first.certificate.fingerprint)
            #expect(try again.ledger().count == 3 && again.history().count == 5)
            #expect(try again.current(name: "hv2", plane: .api) == nil)
            let key = try scratch.file("key.pem", second.keyPEM)
            #expect(try await tool("sha256sum", key).text.hasPrefix(current.keySHA256))
            #expect(second.certificate.publicKeyMatches(try PrivateKey(pem: second.keyPEM)))
            #expect(first.certificate.serial.count == 32 && "4567".contains(first.certificate.serial.prefix(1)))
        }
    }

    @Test func keepsNoHostKeyAndNothingOpen() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let pair = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            _ = try await authority.controllerPair(requestedBy: "t")
            _ = try await authority.crl(plane: .data)
            let secret = String(decoding: pair.keyPEM, as: UTF8.self).split(separator: "\n")[1]
            let found = try await tool("grep", "-rF", String(secret), scratch.path)
            #expect(!found.succeeded && found.text.isEmpty)
            let open = try await tool("find", scratch.pki, "!", "-type", "l", "-perm", "/077")
            #expect(open.text.isEmpty)
            let odd = try await tool("find", scratch.pki, "-type", "f", "!", "-perm", "600")
            #expect(odd.text.isEmpty)
            #expect(!"\(pair)".contains(secret) && !String(reflecting: pair).contains(secret))
            var dumped = ""
            dump(pair, to: &dumped)
            #expect(!dumped.contains("45, 45, 45") && !dumped.contains(secret))
        }
    }

    @Test(arguments: ["api/ca.key", "data/ca.pem", "ledger.jsonl", "api", ""])
    func refusesWhatOthersMayRead(name: String) async throws {
        try await Scratch.with { scratch in
            _ = try await scratch.authority()
            let path = name.isEmpty ? scratch.pki : scratch.pki + "/" + name
            let isFile = name.contains(".")
            try FileManager.default.setAttributes(
                [.posixPermissions: isFile ? 0o640 : 0o750], ofItemAtPath: path)
            let error = await #expect(throws: PKIError.self) { try await Authority.open(directory: scratch.pki) }
            #expect(error?.code == .permissions && error?.path == path)
            #expect(error?.hint?.contains("chmod \(isFile ? 600 : 700) '\(path)'") == true)
        }
    }

    @Test func refusesForeignOwner() async throws {
        guard geteuid() == 0 else { return }
        try await Scratch.with { scratch in
            _ = try await scratch.authority()
            chown(scratch.pki + "/api/ca.key", 65534, 65534)
            let error = await #expect(throws: PKIError.self) { try await Authority.open(directory: scratch.pki) }
            #expect(error?.code == .permissions)
            #expect(error?.message.contains("belongs to user 65534, not to 0") == true)
        }
    }

    @Test func replacesOnlyWhenTold() async throws {
        try await Scratch.with { scratch in
            let old = try await scratch.authority()
            let before = try old.bundle(plane: .api)
            let refused = await #expect(throws: PKIError.self) { _ = try await scratch.authority() }
            #expect(refused?.code == .exists)
            #expect(try old.bundle(plane: .api) == before)
            let new = try await Authority.create(directory: scratch.pki, fleetName: "test", overwrite: true)
            #expect(try new.bundle(plane: .api) != before && new.ledger().isEmpty)
            let kept = try await tool("sh", "-c", "cat \"$1\"/replaced-*/api/ca.pem", "sh", scratch.pki)
            #expect(kept.text == before)
            let missing = await #expect(throws: PKIError.self) {
                try await Authority.open(directory: scratch.path + "/none")
            }
            #expect(missing?.code == .missing)
        }
    }

    @Test func renewsForTheRightReasons() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let now = UnixTime.now
            let base = profile("hv1")
            let entry = try await authority.issue(base, requestedBy: "t", reason: "t").entry
            #expect(try authority.needsRenewal(entry, for: base) == nil)
            #expect(try authority.needsRenewal(entry, for: base, now: now + 240 * day) == nil)
            #expect(
                try authority.needsRenewal(entry, for: base, now: now + 250 * day) == .expiresSoon(entry.notAfter))
            #expect(try authority.needsRenewal(entry, for: base, now: now + 366 * day) == .expired(entry.notAfter))
            var changed = base
            changed.dnsNames = ["HV1", "new"]
            #expect(
                try authority.needsRenewal(entry, for: changed)
                    == .namesChanged(added: ["new"], removed: ["hv1.example.org"]))
            changed = base
            changed.algorithm = .ed25519
            #expect(
                try authority.needsRenewal(entry, for: changed) == .algorithmChanged(from: .ecP256, to: .ed25519))
            changed = base
            changed.subject.organization = "A, B + \"C\" GmbH; ü"
            #expect(try authority.needsRenewal(entry, for: changed) == .subjectChanged)
            let odd = try await authority.issue(changed, requestedBy: "t", reason: "t").entry
            #expect(try authority.needsRenewal(odd, for: changed) == nil)
            changed = base
            changed.purposes = .server
            #expect(try authority.needsRenewal(entry, for: changed) == .purposesChanged)
            try await authority.revoke(name: "hv1", requestedBy: "t", reason: "lost")
            #expect(try authority.needsRenewal(entry, for: base) == .revoked)
        }
    }

    @Test func aLeafNeverOutlivesItsCA() async throws {
        try await Scratch.with { scratch in
            let now = UnixTime.now
            let authority = try await scratch.authority(now: now - 3600 * day)
            let issuer = try #require(try authority.issuers(plane: .api).first)
            let pair = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            #expect(pair.certificate.notAfter == issuer.notAfter)
            #expect(try authority.rotationDue(plane: .api, now: now)?.contains("ends in 50 days") == true)
            let late = await #expect(throws: PKIError.self) {
                try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t", now: now + 51 * day)
            }
            #expect(late?.code == .authorityState)
        }
    }

    @Test func revocationListChangesOnlyWhenItMust() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let empty = try await authority.crl(plane: .api)
            #expect(try await authority.crl(plane: .api) == empty)
            let pair = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            #expect(try await authority.crl(plane: .api) == empty)
            let revoked = try await authority.revoke(name: "hv1", requestedBy: "bob", reason: "stolen")
            #expect(revoked.map(\.serial) == [pair.certificate.serial])
            #expect(try await authority.revoke(name: "hv1", requestedBy: "bob", reason: "stolen").isEmpty)
            #expect(try authority.current(name: "hv1", plane: .api)?.revocation?.by == "bob")
            let one = try #require(try RevocationList.list(pem: await authority.crl(plane: .api)).first)
            #expect(one.number == 2 && one.serials == [pair.certificate.serial])
            #expect(one.nextUpdate - one.thisUpdate == 730 * day + 3600)
            let later = UnixTime.now + 366 * day
            let renewed = try #require(try RevocationList.list(pem: await authority.crl(plane: .api, now: later)).first)
            #expect(renewed.number == 3 && renewed.serials.isEmpty)
            let unknown = await #expect(throws: PKIError.self) {
                try await authority.revoke(serial: "00ff", requestedBy: "t", reason: "t")
            }
            #expect(unknown?.code == .missing)
        }
    }

    @Test func manyAtOnceGetDifferentSerialsAndAllAreRecorded() async throws {
        try await Scratch.with { scratch in
            let one = try await scratch.authority()
            let other = try await Authority.open(directory: scratch.pki)
            let serials = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let authority = number.isMultiple(of: 2) ? one : other
                        let pair = try await authority.issue(profile("hv\(number)"), requestedBy: "t", reason: "t")
                        return pair.certificate.serial
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(serials.count == 40)
            #expect(try Set(one.ledger().map(\.serial)) == serials)
            #expect(try one.ledger() == other.ledger())
        }
    }
}
