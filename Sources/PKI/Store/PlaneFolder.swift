/// One plane's CA certificates and keys: `ca.pem`, `ca.key` and `crl.pem`.
///
/// `ca.pem` is the bundle that hosts get; its first certificate issues. The keys are found by their public key, so
/// that the two files need not change at the same moment: a new key is written before its certificate, and an old
/// certificate is removed before its key.
struct PlaneFolder {
    let store: AuthorityStore
    let plane: Plane

    /// PEM of all trusted CAs, the issuing one first.
    func bundle() throws(PKIError) -> String { try SecureFile.text(store.path(plane, "ca.pem")) }

    func certificates() throws(PKIError) -> [Certificate] {
        let path = store.path(plane, "ca.pem")
        let certificates = try Certificate.list(pem: try bundle())
        guard !certificates.isEmpty else { throw PKIError(.damaged, "'\(path)' holds no certificate", path: path) }
        return certificates
    }

    /// The trusted CAs with their keys, the issuing one first.
    ///
    /// - Throws: `damaged` if a certificate's key is missing.
    func authorities() throws(PKIError) -> [IssuingCA] {
        let path = store.path(plane, "ca.key")
        let keys = try PrivateKey.list(try SecureFile.read(path))
        var found: [IssuingCA] = []
        for certificate in try certificates() {
            guard let key = keys.first(where: certificate.publicKeyMatches) else {
                throw PKIError(
                    .damaged, "'\(path)' lacks the key of CA '\(Printable.text(certificate.subject))'",
                    hint: "restore it from a backup", path: path)
            }
            found.append(IssuingCA(certificate: certificate, key: key))
        }
        return found
    }

    func issuing() throws(PKIError) -> IssuingCA {
        guard let first = try authorities().first else {
            throw PKIError(.damaged, "there is no CA for the \(plane) plane", path: store.path(plane, "ca.pem"))
        }
        return first
    }

    /// Makes `authorities` the trusted CAs: with `keysFirst` when one is added, without when one is dropped.
    func write(_ authorities: [IssuingCA], keysFirst: Bool) throws(PKIError) {
        let bundle = authorities.map(\.certificate.pem).joined()
        if keysFirst {
            try writeKeys(authorities)
            try SecureFile.replace(store.path(plane, "ca.pem"), with: bundle)
        } else {
            try SecureFile.replace(store.path(plane, "ca.pem"), with: bundle)
            try writeKeys(authorities)
        }
    }

    private func writeKeys(_ authorities: [IssuingCA]) throws(PKIError) {
        let size = authorities.reduce(0) { $0 + $1.key.withPEM(\.count) }
        let all = SecretMemory(count: size) { memory in
            var offset = 0
            for authority in authorities {
                authority.key.withPEM { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyMemory(from: bytes)
                    offset += bytes.count
                }
            }
        }
        try all.withBytes { (bytes) throws(PKIError) in
            try SecureFile.replace(store.path(plane, "ca.key"), with: bytes)
        }
    }
}
