import CGnuTLS

/// One TLS client handshake on a connected socket, made for looking, not for talking. For one thread.
final class Handshake {
    /// What came of it.
    struct Outcome {
        /// DER forms of what the server sent.
        var chain: [[UInt8]]
        var version: String
        var accepted: Bool?
        var refusal: String?
    }

    private let socket: DeadlineSocket
    private let session: gnutls_session_t
    private let credentials: gnutls_certificate_credentials_t

    init(socket: DeadlineSocket, serverName: String, client: ClientPair?) throws(PKIError) {
        var madeCredentials: gnutls_certificate_credentials_t?
        try GnuTLS.check(gnutls_certificate_allocate_credentials(&madeCredentials), "make TLS credentials")
        guard let madeCredentials else { throw PKIError(.cryptography, "cannot make TLS credentials") }
        var madeSession: gnutls_session_t?
        do throws(PKIError) {
            if let client { try Self.add(client, to: madeCredentials) }
            // The server may name the CAs it trusts; the pair is sent all the same, to see whether it is refused.
            let flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT
            try GnuTLS.check(gnutls_init(&madeSession, UInt32(flags)), "make a TLS session")
        } catch {
            gnutls_certificate_free_credentials(madeCredentials)
            throw error
        }
        guard let madeSession else { throw PKIError(.cryptography, "cannot make a TLS session") }
        self.socket = socket
        session = madeSession
        credentials = madeCredentials
        try GnuTLS.check(gnutls_set_default_priority(session), "set TLS priorities")
        try GnuTLS.check(
            gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, UnsafeMutableRawPointer(credentials)),
            "use TLS credentials")
        if IPAddress.bytes(serverName) == nil {
            let name = Array(serverName.utf8)
            try GnuTLS.check(
                gnutls_server_name_set(session, GNUTLS_NAME_DNS, name, name.count), "name the server")
        }
        gnutls_transport_set_int2(session, socket.number, socket.number)
    }

    deinit {
        gnutls_deinit(session)
        gnutls_certificate_free_credentials(credentials)
    }

    func run(awaitAcceptance: Bool) throws(PKIError) -> Outcome {
        let failure = try shakeHands()
        let chain = peerChain()
        if let failure {
            guard !chain.isEmpty else { throw PKIError(.handshake, "the TLS handshake failed: \(failure)") }
            return Outcome(chain: chain, version: "", accepted: awaitAcceptance ? false : nil, refusal: failure)
        }
        let version = gnutls_protocol_get_name(gnutls_protocol_get_version(session)).map { String(cString: $0) }
        var outcome = Outcome(chain: chain, version: version ?? "", accepted: nil, refusal: nil)
        guard awaitAcceptance else { return outcome }
        do throws(PKIError) {
            outcome.refusal = try readAnswer()
            outcome.accepted = outcome.refusal == nil
        } catch  where error.code == .timeout {
            outcome.refusal = nil
        }
        return outcome
    }

    private static func add(
        _ client: ClientPair, to credentials: gnutls_certificate_credentials_t
    ) throws(PKIError) {
        let code = GnuTLS.lend(Array(client.certificate.utf8)) { certificate in
            client.key.withBytes { key in
                GnuTLS.lend(key) {
                    gnutls_certificate_set_x509_key_mem2(credentials, certificate, $0, GNUTLS_X509_FMT_PEM, nil, 0)
                }
            }
        }
        try GnuTLS.check(code, "use the client's certificate and key")
    }

    /// Nil when the handshake was completed, else why it was not.
    private func shakeHands() throws(PKIError) -> String? {
        while true {
            let code = gnutls_handshake(session)
            if code == GNUTLS_E_SUCCESS { return nil }
            try waitIfNeeded(code)
            if gnutls_error_is_fatal(code) != 0 { return reason(code) }
        }
    }

    /// libvirt checks the client's certificate after the handshake and then writes the byte 1, or hangs up. Nil for
    /// the byte, else how we were turned away.
    private func readAnswer() throws(PKIError) -> String? {
        var byte: UInt8 = 0
        while true {
            let code = gnutls_record_recv(session, &byte, 1)
            if code == 1 { return byte == 1 ? nil : "it answered with byte \(byte) instead of 1" }
            if code == 0 { return "it closed the connection" }
            try waitIfNeeded(Int32(truncatingIfNeeded: code))
            if gnutls_error_is_fatal(Int32(truncatingIfNeeded: code)) != 0 {
                return reason(Int32(truncatingIfNeeded: code))
            }
        }
    }

    private func waitIfNeeded(_ code: Int32) throws(PKIError) {
        guard code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED else { return }
        try socket.wait(forWriting: gnutls_record_get_direction(session) == 1)
    }

    private func reason(_ code: Int32) -> String {
        if code == GNUTLS_E_FATAL_ALERT_RECEIVED || code == GNUTLS_E_WARNING_ALERT_RECEIVED,
            let name = gnutls_alert_get_name(gnutls_alert_get(session))
        {
            return "it sent the alert '\(String(cString: name))'"
        }
        if code == GNUTLS_E_PREMATURE_TERMINATION { return "it closed the connection" }
        return GnuTLS.text(of: code)
    }

    private func peerChain() -> [[UInt8]] {
        var count: UInt32 = 0
        guard let list = gnutls_certificate_get_peers(session, &count) else { return [] }
        return (0..<Int(count)).map { Array(UnsafeBufferPointer(start: list[$0].data, count: Int(list[$0].size))) }
    }
}
