extension Authority {
    /// Makes a key and signs a certificate for it. When this returns, the ledger on disk knows the certificate.
    ///
    /// - Parameters:
    ///   - requestedBy: who asked, for the ledger.
    ///   - now: seconds since 1970; the certificate's validity begins an hour earlier, for clocks that are behind.
    public func issue(
        _ profile: LeafProfile, requestedBy: String, reason: String, now: Int = UnixTime.now
    ) async throws(PKIError) -> IssuedPair {
        try await OwnThread.run { () throws(PKIError) in
            let profile = try profile.normalized()
            let key = try PrivateKey.make(profile.algorithm)
            return try store.exclusively { () throws(PKIError) in
                try sign(profile, key, by: requestedBy, reason: reason, now: now)
            }
        }
    }

    /// Signs and records; only under the lock.
    func sign(
        _ profile: LeafProfile, _ key: PrivateKey, by: String, reason: String, now: Int
    ) throws(PKIError) -> IssuedPair {
        let issuing = try folder(profile.plane).issuing()
        let certificate = try issuing.issue(profile, key: key, now: now)
        let pem = key.pem
        var line = LedgerLine(.issue, plane: profile.plane, by: by, reason: reason, at: now)
        line.describe(certificate)
        line.name = profile.name
        line.issuerSerial = issuing.certificate.serial
        line.keySHA256 = try GnuTLS.sha256(pem)
        guard let entry = LedgerEntry(line) else { throw PKIError(.damaged, "cannot record a certificate") }
        try store.append([line])
        return IssuedPair(
            certificate: certificate, keyPEM: pem, bundlePEM: try bundle(plane: profile.plane), entry: entry)
    }
}
