import Foundation
import PKI
import Testing

/// What is made here is read and judged by certtool (GnuTLS) and openssl.
@Suite(.timeLimit(.minutes(2)))
struct InteroperabilityTests {
    @Test(arguments: KeyAlgorithm.supported)
    func toolsAcceptChainKeyAndCRL(algorithm: KeyAlgorithm) async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority(algorithm: algorithm)
            let pair = try await authority.issue(
                profile("hv1", algorithm: algorithm), requestedBy: "test", reason: "first")
            let revoked = try await authority.issue(profile("hv2"), requestedBy: "test", reason: "first")
            try await authority.revoke(serial: revoked.certificate.serial, requestedBy: "test", reason: "stolen")
            let ca = try scratch.file("ca.pem", authority.bundle(plane: .api))
            let leaf = try scratch.file("leaf.pem", pair.certificate.pem)
            let key = try scratch.file("leaf.key", pair.keyPEM)
            let bad = try scratch.file("revoked.pem", revoked.certificate.pem)
            let crl = try scratch.file("crl.pem", await authority.crl(plane: .api))

            let accepted = [
                try await tool("openssl", "verify", "-x509_strict", "-CAfile", ca, "-purpose", "sslserver", leaf),
                try await tool("openssl", "verify", "-x509_strict", "-CAfile", ca, "-purpose", "sslclient", leaf),
                try await tool("openssl", "verify", "-CAfile", ca, "-CRLfile", crl, "-crl_check", leaf),
                try await tool("openssl", "verify", "-CAfile", ca, "-verify_hostname", "hv1.example.org", leaf),
                try await tool("openssl", "verify", "-CAfile", ca, "-verify_ip", "::1", leaf),
                try await tool("openssl", "crl", "-in", crl, "-CAfile", ca, "-noout"),
                try await tool("openssl", "pkey", "-in", key, "-check", "-noout"),
                try await tool("certtool", "--verify", "--load-ca-certificate", ca, "--infile", leaf),
                try await tool(
                    "certtool", "--verify", "--load-ca-certificate", ca, "--load-crl", crl, "--infile", leaf),
                try await tool("certtool", "--verify-crl", "--load-ca-certificate", ca, "--infile", crl),
            ]
            for result in accepted { #expect(result.succeeded, "\(result.text)") }

            let refused = [
                try await tool("openssl", "verify", "-CAfile", ca, "-CRLfile", crl, "-crl_check", bad),
                try await tool(
                    "certtool", "--verify", "--load-ca-certificate", ca, "--load-crl", crl, "--infile", bad),
                try await tool("openssl", "verify", "-CAfile", ca, "-verify_hostname", "hv2", leaf),
            ]
            for result in refused { #expect(!result.succeeded, "\(result.text)") }

            let fromKey = try await tool("openssl", "pkey", "-in", key, "-pubout")
            let fromLeaf = try await tool("openssl", "x509", "-in", leaf, "-noout", "-pubkey")
            #expect(fromKey.text == fromLeaf.text)
        }
    }

    @Test func leafSaysWhatTheDesignAsksFor() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority(fleet: "Fleet Ä")
            let pair = try await authority.issue(profile("hv1"), requestedBy: "test", reason: "first")
            let leaf = try await tool(
                "openssl", "x509", "-in", scratch.file("leaf.pem", pair.certificate.pem), "-noout", "-text")
            let ca = try await tool(
                "openssl", "x509", "-in", scratch.file("ca.pem", authority.bundle(plane: .api)), "-noout", "-text")
            for expected in [
                "Key Usage: critical\n                Digital Signature, Key Encipherment",
                "TLS Web Server Authentication, TLS Web Client Authentication", "CA:FALSE",
                "DNS:hv1, DNS:hv1.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
                "X509v3 Authority Key Identifier", "X509v3 Subject Key Identifier", "ecdsa-with-SHA256",
            ] { #expect(leaf.text.contains(expected), "\(leaf.text)") }
            for expected in [
                "Certificate Sign, CRL Sign", "CA:TRUE, pathlen:0", "X509v3 Subject Key Identifier",
            ] { #expect(ca.text.contains(expected), "\(ca.text)") }
            let ours = try #require(try authority.issuers(plane: .api).first)
            #expect(ours.isCA && ours.pathLength == 0 && ours.keyUsage == [.certificateSign, .crlSign])
            #expect(ours.subjectFields.organization == "Fleet Ä")
            #expect(pair.certificate.authorityKeyID == ours.subjectKeyID)
            #expect(pair.certificate.issuer == ours.subject)
            #expect(pair.certificate.notAfter - pair.certificate.notBefore == 365 * day + 3600)
            #expect(ours.notAfter - ours.notBefore == 3650 * day + 3600)
        }
    }

    @Test func valuesAgreeWithOpenSSL() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let certificate = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t").certificate
            let path = try scratch.file("leaf.pem", certificate.pem)
            let shown = try await tool(
                "openssl", "x509", "-in", path, "-noout", "-serial", "-fingerprint", "-sha256", "-enddate", "-dateopt",
                "iso_8601")
            let flat = shown.text.replacingOccurrences(of: ":", with: "").lowercased()
            #expect(flat.contains("serial=\(certificate.serial)"))
            #expect(flat.contains("fingerprint=\(certificate.fingerprint)"))
            let end = UnixTime.iso8601(certificate.notAfter).replacingOccurrences(of: "T", with: " ")
            #expect(shown.text.contains("notAfter=\(end)"))
            #expect(certificate.dnsNames == ["hv1", "hv1.example.org"])
            #expect(certificate.ipAddresses == ["127.0.0.1", "::1"])
            #expect(certificate.purposes == [.server, .client])
            #expect(certificate.keyUsage == [.digitalSignature, .keyEncipherment])
        }
    }

    @Test func readsForeignKeysAndCertificates() async throws {
        try await Scratch.with { scratch in
            let key = scratch.path + "/key.pem"
            let certificate = scratch.path + "/certificate.pem"
            let made = try await tool(
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                "-subj", "/C=DE/L=Köln/O=A \\/ B/CN=odd, \\+name", "-utf8", "-days", "3")
            try #require(made.succeeded, "\(made.text)")
            let read = try Certificate(pem: String(contentsOfFile: certificate, encoding: .utf8))
            let privateKey = try PrivateKey(pem: Array(Data(contentsOf: URL(fileURLWithPath: key))))
            #expect(read.publicKeyMatches(privateKey))
            #expect(read.keyAlgorithm.rawValue == "rsa-2048" && privateKey.algorithm.rawValue == "rsa-2048")
            #expect(read.subjectFields.locality == "Köln" && read.subjectFields.country == "DE")
            #expect(read.subjectFields.commonName == "odd, +name")
            #expect(try !read.publicKeyMatches(await PrivateKey.generate()))
        }
    }

    @Test(arguments: ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func refusesWhatIsNoCertificate(text: String) {
        #expect(throws: PKIError.self) { try Certificate(pem: text) }
        #expect(throws: PKIError.self) { try TrustBundle(pem: text) }
        #expect(throws: PKIError.self) { try RevocationList.list(pem: text) }
        #expect(throws: PKIError.self) { try PrivateKey(pem: Array(text.utf8)) }
    }
}
