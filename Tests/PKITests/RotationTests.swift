import Foundation
import PKI
import Testing

@Suite(.timeLimit(.minutes(2)))
struct RotationTests {
    @Test func goesFromOldToNewWithoutAGap() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let old = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            let oldBundle = try authority.bundle(plane: .api)
            let ca = try await authority.beginRotation(
                plane: .api, algorithm: .ecP384, requestedBy: "t", reason: "yearly")
            #expect(try authority.isRotating(plane: .api) && !authority.isRotating(plane: .data))
            #expect(try authority.issuers(plane: .api).map(\.keyAlgorithm) == [.ecP384, .ecP256])
            #expect(try authority.needsRenewal(old.entry, for: profile("hv1")) == .issuerChanged)
            let twice = await #expect(throws: PKIError.self) {
                try await authority.beginRotation(plane: .api, requestedBy: "t", reason: "t")
            }
            #expect(twice?.code == .authorityState)

            // Both CAs' revocations are known while both are trusted.
            try await authority.revoke(serial: old.certificate.serial, requestedBy: "t", reason: "t")
            let both = try TrustBundle(pem: authority.bundle(plane: .api), crl: await authority.crl(plane: .api))
            #expect(try both.verify(old.certificate).problems.first?.hasPrefix("revoked") == true)
            #expect(try RevocationList.list(pem: await authority.crl(plane: .api)).count == 2)
            let other = try await authority.issue(profile("hv2"), requestedBy: "t", reason: "t")
            #expect(other.certificate.issuer == ca.subject && other.bundlePEM != oldBundle)
            #expect(try both.verify(other.certificate, name: "hv2").isTrusted)
            #expect(try !TrustBundle(pem: oldBundle).verify(other.certificate).isTrusted)

            #expect(try await authority.finishRotation(plane: .api, requestedBy: "t", reason: "done").isEmpty)
            #expect(try authority.issuers(plane: .api) == [ca])
            let after = try TrustBundle(pem: authority.bundle(plane: .api), crl: await authority.crl(plane: .api))
            #expect(try after.verify(other.certificate).isTrusted && !after.verify(old.certificate).isTrusted)
            let keys = try await tool("grep", "-c", "BEGIN", scratch.pki + "/api/ca.key")
            #expect(keys.text == "1\n")
            let actions = try authority.history().map(\.action.rawValue)
            #expect(actions.filter { $0 == "authority" }.count == 3 && actions.contains("finish-rotation"))
            _ = try await Authority.open(directory: scratch.pki)
        }
    }

    @Test func refusesToForgetSomebody() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            _ = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            let early = await #expect(throws: PKIError.self) {
                try await authority.finishRotation(plane: .api, requestedBy: "t", reason: "t")
            }
            #expect(early?.message == "no rotation of the api CA is under way")
            try await authority.beginRotation(plane: .api, requestedBy: "t", reason: "t")
            let refused = await #expect(throws: PKIError.self) {
                try await authority.finishRotation(plane: .api, requestedBy: "t", reason: "t")
            }
            #expect(refused?.message == "1 holders still use the old api CA: 'hv1'")
            let forgotten = try await authority.finishRotation(
                plane: .api, force: true, requestedBy: "t", reason: "t")
            #expect(forgotten.map(\.name) == ["hv1"])
        }
    }

    @Test func controllerPairFollows() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let first = try await authority.controllerPair(requestedBy: "t")
            #expect(first.renewed == "there was none" && first.link == scratch.pki + "/controller")
            let same = try await authority.controllerPair(requestedBy: "t")
            #expect(same.directory == first.directory && same.renewed == nil)
            #expect(
                try contents(first.link).keys.sorted() == [
                    "cacert.pem", "cacrl.pem", "clientcert.pem", "clientkey.pem",
                ])

            // A changed CRL replaces the trust, not the pair.
            _ = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            try await authority.revoke(name: "hv1", requestedBy: "t", reason: "t")
            let updated = try await authority.controllerPair(requestedBy: "t")
            #expect(updated.renewed == nil && updated.directory != first.directory && updated.entry == first.entry)
            #expect(try contents(updated.link)["cacrl.pem"] == (await authority.crl(plane: .api)))

            let late = try await authority.controllerPair(requestedBy: "t", now: UnixTime.now + 250 * day)
            #expect(late.renewed?.contains("less than a third") == true)
            try await authority.beginRotation(plane: .api, requestedBy: "t", reason: "t")
            let rotated = try await authority.controllerPair(requestedBy: "t")
            #expect(rotated.renewed?.contains("issuer") == true)
            let files = try contents(rotated.link)
            #expect(files["cacert.pem"] == (try authority.bundle(plane: .api)))
            let certificate = try Certificate(pem: files["clientcert.pem"] ?? "")
            #expect(certificate.publicKeyMatches(try PrivateKey(pem: Array((files["clientkey.pem"] ?? "").utf8))))
            #expect(certificate.purposes == .client && certificate.serial == rotated.entry.serial)

            // The one in use before stays, older ones are gone.
            #expect(FileManager.default.fileExists(atPath: late.directory))
            #expect(!FileManager.default.fileExists(atPath: updated.directory))
            let data = try await authority.controllerPair(plane: .data, requestedBy: "t")
            #expect(data.link == scratch.pki + "/controller-data")
            #expect(FileManager.default.fileExists(atPath: rotated.directory))
            _ = try await Authority.open(directory: scratch.pki)
        }
    }

    private func contents(_ folder: String) throws -> [String: String] {
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            files[name] = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
        }
        return files
    }
}
