import CGnuTLS

/// A private key in memory that is wiped when the last reference to it goes.
public final class PrivateKey: Sendable {
    private let memory: SecretMemory
    public let algorithm: KeyAlgorithm
    /// SHA-256 of the public key, as GnuTLS computes it; the same as `Certificate.publicKeyID` of its certificates.
    public let publicKeyID: String

    /// Makes a new key on a thread of its own: RSA takes a quarter of a second and more.
    public static func generate(_ algorithm: KeyAlgorithm = .ecP256) async throws(PKIError) -> PrivateKey {
        try await OwnThread.run { () throws(PKIError) in try make(algorithm) }
    }

    /// Reads an unencrypted key, PKCS #8 or the older forms.
    public convenience init(pem: [UInt8]) throws(PKIError) {
        try self.init(SecretMemory(copying: pem))
    }

    /// The PKCS #8 (or imported) PEM text. The copy is the caller's to keep secret.
    public var pem: [UInt8] { memory.withBytes { Array($0) } }

    init(_ memory: SecretMemory) throws(PKIError) {
        let handle = try KeyHandle(pem: memory)
        var bits: UInt32 = 0
        let kind = try GnuTLS.check(gnutls_x509_privkey_get_pk_algorithm2(handle.raw, &bits), "read a key's algorithm")
        self.memory = memory
        algorithm = KeyAlgorithm(gnutls_pk_algorithm_t(rawValue: UInt32(kind)), bits: bits)
        publicKeyID = Hex.text(
            try GnuTLS.fill("identify a key") {
                gnutls_x509_privkey_get_key_id(handle.raw, GNUTLS_KEYID_USE_SHA256.rawValue, $0, $1)
            } ?? [])
    }

    /// Generation on the calling thread.
    static func make(_ algorithm: KeyAlgorithm) throws(PKIError) -> PrivateKey {
        guard let parameters = algorithm.parameters else {
            let known = KeyAlgorithm.supported.map(\.rawValue).joined(separator: ", ")
            throw PKIError(.invalidInput, "unknown key algorithm '\(algorithm)'", hint: "choose one of \(known)")
        }
        let handle = try KeyHandle()
        try GnuTLS.check(
            gnutls_x509_privkey_generate(handle.raw, parameters.algorithm, parameters.bits, 0),
            "generate a key of \(algorithm)")
        var datum = gnutls_datum_t()
        defer { drover_gnutls_wipe_and_free(&datum) }
        try GnuTLS.check(
            gnutls_x509_privkey_export2_pkcs8(
                handle.raw, GNUTLS_X509_FMT_PEM, nil, UInt32(GNUTLS_PKCS_PLAIN.rawValue), &datum),
            "export a key")
        return try PrivateKey(
            SecretMemory(copying: UnsafeRawBufferPointer(start: datum.data, count: Int(datum.size))))
    }

    /// The keys of a file that holds several, one PEM block after the other.
    static func list(_ file: SecretMemory) throws(PKIError) -> [PrivateKey] {
        let marker = Array("-----END ".utf8)
        let newline = UInt8(ascii: "\n")
        let blocks = file.withBytes { bytes -> [SecretMemory] in
            var blocks: [SecretMemory] = []
            var block = 0..<0
            for line in bytes.indices.split(omittingEmptySubsequences: false, whereSeparator: { bytes[$0] == newline })
            {
                block = block.lowerBound..<line.endIndex
                guard line.count > marker.count, bytes[line.startIndex..<line.endIndex].starts(with: marker) else {
                    continue
                }
                // With its line feed: blocks are written one behind the other as they were read.
                let whole = block.lowerBound..<min(block.upperBound + 1, bytes.endIndex)
                blocks.append(SecretMemory(copying: UnsafeRawBufferPointer(rebasing: bytes[whole])))
                block = line.endIndex..<line.endIndex
            }
            return blocks
        }
        var keys: [PrivateKey] = []
        for block in blocks { keys.append(try PrivateKey(block)) }
        return keys
    }

    func withPEM<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try memory.withBytes(body)
    }

    func handle() throws(PKIError) -> KeyHandle { try KeyHandle(pem: memory) }
}

extension PrivateKey: CustomStringConvertible, CustomReflectable {
    /// Never the key itself.
    public var description: String { "private key (\(algorithm), public key \(publicKeyID.prefix(16)))" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
