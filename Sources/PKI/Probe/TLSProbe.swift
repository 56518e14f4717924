/// Looks at what a TLS server really serves, by a handshake.
public enum TLSProbe {
    /// Connects, shakes hands, and checks the served certificate against `bundle`.
    ///
    /// The connection goes on whatever the certificate is, so that a wrong one can be reported. No data is sent.
    /// - Parameters:
    ///   - address: an IP address, or a name to look up.
    ///   - serverName: the DNS name or address that the certificate has to be for.
    ///   - bundle: PEM of the trusted CAs.
    ///   - crl: PEM of their CRLs.
    ///   - client: sent when the server asks for a certificate, whichever CA it asks for.
    ///   - awaitAcceptance: wait for the byte by which libvirt says that it accepts the client.
    /// - Throws: `unreachable`, `timeout`, `cancelled`; `handshake` if it failed before a certificate was seen.
    public static func servedCertificate(
        address: String, port: Int, serverName: String, bundle: String, crl: String? = nil,
        client: ClientPair? = nil, awaitAcceptance: Bool = true, timeout: Duration = .seconds(10)
    ) async throws(PKIError) -> ProbeResult {
        let trust = try TrustBundle(pem: bundle, crl: crl)
        let deadline = ContinuousClock.now + timeout
        let wake = try WakeSignal()
        let result = await withTaskCancellationHandler {
            await outcome { () throws(PKIError) in
                let socket = try DeadlineSocket(
                    connectingTo: address, port: port, deadline: deadline, wake: wake)
                let handshake = try Handshake(socket: socket, serverName: serverName, client: client)
                let seen = try handshake.run(awaitAcceptance: awaitAcceptance)
                return try report(seen, trust, serverName)
            }
        } onCancel: {
            wake.raise()
        }
        return try result.get()
    }

    private static func outcome(
        _ work: @escaping @Sendable () throws(PKIError) -> ProbeResult
    ) async -> Result<ProbeResult, PKIError> {
        do {
            return .success(try await OwnThread.run(work))
        } catch {
            return .failure(error)
        }
    }

    private static func report(
        _ seen: Handshake.Outcome, _ trust: TrustBundle, _ serverName: String
    ) throws(PKIError) -> ProbeResult {
        var chain: [Certificate] = []
        for der in seen.chain { chain.append(try Certificate(der: der)) }
        guard let leaf = chain.first else { throw PKIError(.handshake, "the server showed no certificate") }
        let verdict = try trust.verify(
            leaf, chain: Array(chain.dropFirst()), name: serverName, purpose: .server)
        return ProbeResult(
            certificate: leaf, chain: chain, verified: verdict.isTrusted,
            problem: verdict.isTrusted ? nil : verdict.problems.joined(separator: "; "),
            tlsVersion: seen.version, accepted: seen.accepted, refusal: seen.refusal)
    }
}
