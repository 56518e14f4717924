import Foundation
import Glibc
import PKI
import Testing

/// Handshakes with openssl's and GnuTLS's servers on loopback.
@Suite(.timeLimit(.minutes(2)))
struct ProbeTests {
    /// libvirt's behaviour: verify the client's certificate, then send the byte 1.
    @Test(arguments: ["-tls1_3", "-tls1_2"])
    func seesAcceptanceAndRefusal(version: String) async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let server = try await files(scratch, authority.issue(profile("hv1"), requestedBy: "t", reason: "t"))
            let good = ClientPair(try await authority.issue(profile("ctl"), requestedBy: "t", reason: "t"))
            let wrongPlane = ClientPair(try await authority.issue(profile("ctl", .data), requestedBy: "t", reason: "t"))
            let bundle = try authority.bundle(plane: .api)
            let arguments = [
                "s_server", "-quiet", version, "-cert", server.certificate, "-key", server.key, "-CAfile", server.ca,
                "-Verify", "1", "-verify_return_error", "-naccept", "1",
            ]
            try await Server.with("openssl", arguments, portOption: "-accept", greeting: [1]) { port in
                let seen = try await probe(port, "hv1.example.org", bundle, good)
                #expect(seen.verified && seen.problem == nil && seen.accepted == true && seen.refusal == nil)
                #expect(seen.certificate.serial == server.serial && seen.chain.first == seen.certificate)
                #expect(seen.tlsVersion == (version == "-tls1_3" ? "TLS1.3" : "TLS1.2"))
            }
            for client in [wrongPlane, nil] {
                try await Server.with("openssl", arguments, portOption: "-accept", greeting: [1]) { port in
                    let seen = try await probe(port, "hv1", bundle, client)
                    #expect(seen.verified && seen.accepted == false && seen.refusal != nil)
                }
            }
        }
    }

    @Test func reportsWhatIsWrongWithTheServer() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let server = try await files(scratch, authority.issue(profile("hv1"), requestedBy: "t", reason: "t"))
            let client = ClientPair(try await authority.issue(profile("ctl"), requestedBy: "t", reason: "t"))
            let own = try authority.bundle(plane: .api)
            let other = try authority.bundle(plane: .data)
            let arguments = [
                "--echo", "--quiet", "--x509certfile", server.certificate, "--x509keyfile", server.key,
                "--x509cafile", server.ca, "--require-client-cert", "--verify-client-cert",
            ]
            try await Server.with("gnutls-serv", arguments, portOption: "--port") { port in
                let named = try await probe(port, "127.0.0.1", own, client, await: false)
                #expect(named.verified && named.accepted == nil)
                let misnamed = try await probe(port, "hv9", own, client, await: false)
                #expect(misnamed.problem?.hasPrefix("does not name 'hv9'") == true)
                let untrusted = try await probe(port, "hv1", other, client, await: false)
                #expect(untrusted.problem?.hasSuffix("which is not a trusted CA") == true)
                try await authority.revoke(serial: server.serial, requestedBy: "t", reason: "t")
                let revoked = try await TLSProbe.servedCertificate(
                    address: "127.0.0.1", port: port, serverName: "hv1", bundle: own,
                    crl: await authority.crl(plane: .api), client: client, awaitAcceptance: false)
                #expect(revoked.problem == "revoked (serial \(server.serial))")
                // It accepts, but never says so: the deadline ends the wait, without a verdict.
                let silent = try await TLSProbe.servedCertificate(
                    address: "127.0.0.1", port: port, serverName: "hv1", bundle: own, client: client,
                    timeout: .milliseconds(700))
                #expect(silent.verified && silent.accepted == nil)
            }
        }
    }

    @Test func namesWhatKeepsItFromTheServer() async throws {
        try await Scratch.with { scratch in
            let bundle = try await scratch.authority().bundle(plane: .api)
            let refused = await #expect(throws: PKIError.self) {
                try await probe(try Server.freePort(), "hv1", bundle, nil)
            }
            #expect(refused?.code == .unreachable && refused?.message.contains("Connection refused") == true)
            let unknown = await #expect(throws: PKIError.self) {
                try await TLSProbe.servedCertificate(
                    address: "no-such-host.invalid", port: 1, serverName: "x", bundle: bundle)
            }
            #expect(unknown?.code == .unreachable)

            // Listens and never answers.
            let silent = try ListeningSocket()
            let late = await #expect(throws: PKIError.self) {
                try await TLSProbe.servedCertificate(
                    address: "127.0.0.1", port: silent.port, serverName: "x", bundle: bundle,
                    timeout: .milliseconds(200))
            }
            #expect(late?.code == .timeout)
            let started = ContinuousClock.now
            let task = Task {
                try await TLSProbe.servedCertificate(
                    address: "127.0.0.1", port: silent.port, serverName: "x", bundle: bundle, timeout: .seconds(100))
            }
            task.cancel()
            let cancelled = await #expect(throws: PKIError.self) { try await task.value }
            #expect(cancelled?.code == .cancelled && ContinuousClock.now - started < .seconds(50))
        }
    }

    private func probe(
        _ port: Int, _ name: String, _ bundle: String, _ client: ClientPair?, await waits: Bool = true
    ) async throws -> ProbeResult {
        try await TLSProbe.servedCertificate(
            address: "127.0.0.1", port: port, serverName: name, bundle: bundle, client: client,
            awaitAcceptance: waits, timeout: .seconds(20))
    }

    private func files(
        _ scratch: Scratch, _ pair: IssuedPair
    ) throws -> (certificate: String, key: String, ca: String, serial: String) {
        (
            try scratch.file("server.pem", pair.certificate.pem), try scratch.file("server.key", pair.keyPEM),
            try scratch.file("server-ca.pem", pair.bundlePEM), pair.certificate.serial
        )
    }
}
