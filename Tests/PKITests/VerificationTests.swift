import PKI
import Testing

struct VerificationTests {
    @Test func judgesNamePurposeAndIssuer() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let leaf = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t").certificate
            let client = try await authority.issue(
                LeafProfile(name: "ops", plane: .api, subject: Subject(commonName: "ops"), purposes: .client),
                requestedBy: "t", reason: "t"
            ).certificate
            let own = try TrustBundle(pem: authority.bundle(plane: .api), crl: await authority.crl(plane: .api))
            let other = try TrustBundle(pem: authority.bundle(plane: .data))

            for name in ["hv1", "hv1.example.org", "127.0.0.1", "::1"] {
                #expect(try own.verify(leaf, name: name, purpose: .server).problems == [])
            }
            #expect(try own.verify(client, purpose: .client).isTrusted)
            #expect(try own.verify(client, purpose: .server).problems == ["not for this purpose (extended key usage)"])
            #expect(
                try own.verify(leaf, name: "hv2").problems == [
                    "does not name 'hv2', but 'hv1', 'hv1.example.org', '127.0.0.1', '::1'"
                ])
            #expect(try own.verify(leaf, name: "127.0.0.2").problems.count == 1)
            #expect(
                try other.verify(leaf, name: "hv1").problems == [
                    "issued by '\(leaf.issuer)', which is not a trusted CA"
                ])
        }
    }

    @Test func judgesTimeAndRevocation() async throws {
        try await Scratch.with { scratch in
            let now = UnixTime.now
            let authority = try await scratch.authority(now: now - 1000 * day)
            let expired = try await authority.issue(
                profile("old"), requestedBy: "t", reason: "t", now: now - 400 * day)
            let valid = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            let future = try await authority.issue(profile("hv2"), requestedBy: "t", reason: "t", now: now + 3 * day)
            let staleCRL = try await authority.crl(plane: .api, now: now - 900 * day)
            let bundle = try authority.bundle(plane: .api)
            try await authority.revoke(serial: valid.certificate.serial, requestedBy: "t", reason: "gone")
            let crl = try await authority.crl(plane: .api)

            let before = try TrustBundle(pem: bundle)
            #expect(try before.verify(valid.certificate).isTrusted)
            #expect(
                try before.verify(expired.certificate).problems == [
                    "expired on \(UnixTime.iso8601(expired.certificate.notAfter))"
                ])
            #expect(try before.verify(future.certificate).problems.first?.hasPrefix("not valid before") == true)
            let after = try TrustBundle(pem: bundle, crl: crl)
            #expect(try after.verify(valid.certificate).problems == ["revoked (serial \(valid.certificate.serial))"])
            let stale = try TrustBundle(pem: bundle, crl: staleCRL)
            #expect(try stale.verify(valid.certificate).problems.map { $0.prefix(19) } == ["the CRL is too old:"])
        }
    }

    @Test func refusesACRLOfAnotherCA() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let leaf = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t").certificate
            let data = try await authority.issue(profile("hv1", .data), requestedBy: "t", reason: "t").certificate
            try await authority.revoke(serial: data.serial, requestedBy: "t", reason: "t")
            let crl = try await authority.crl(plane: .data)
            let bundle = try TrustBundle(pem: authority.bundle(plane: .api), crl: crl)
            #expect(try bundle.verify(leaf).isTrusted)
        }
    }
}
