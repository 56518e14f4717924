extension Authority {
    /// True between the begin and the end of a CA rotation.
    public func isRotating(plane: Plane) throws(PKIError) -> Bool { try issuers(plane: plane).count > 1 }

    /// Puts a new CA beside the old one: both are trusted, the new one issues. Certificates of the old one are then
    /// due for renewal.
    ///
    /// - Parameters:
    ///   - algorithm: of the new CA's key; the old one's if nil.
    ///   - promoting: false lets the old CA issue until ``promoteNewCA(plane:)``, so that nobody shows a certificate of
    ///     the new one before all have its bundle.
    /// - Returns: the new CA.
    /// - Throws: `authorityState` if a rotation of this plane is under way already.
    @discardableResult
    public func beginRotation(
        plane: Plane, algorithm: KeyAlgorithm? = nil, caDays: Int = 3650, promoting: Bool = true, requestedBy: String,
        reason: String, now: Int = UnixTime.now
    ) async throws(PKIError) -> Certificate {
        guard (1...36500).contains(caDays) else {
            throw PKIError(.invalidInput, "a CA validity of \(caDays) days is outside 1 to 36500")
        }
        let present = try issuers(plane: plane).first?.keyAlgorithm
        let wanted = algorithm ?? present ?? .ecP256
        return try await OwnThread.run { () throws(PKIError) in
            let key = try PrivateKey.make(wanted)
            return try store.exclusively { () throws(PKIError) in
                let old = try folder(plane).authorities()
                guard old.count == 1, let fleetName = old.first?.certificate.subjectFields.organization else {
                    throw PKIError(
                        .authorityState, "a rotation of the \(plane) CA is under way already",
                        hint: "finish it first")
                }
                let new = try IssuingCA.make(
                    fleetName: fleetName, plane: plane, key: key, days: caDays, now: now)
                // In the ledger first: a CA that nobody trusts does no harm there, one that is missing would.
                var line = LedgerLine(.authority, plane: plane, by: requestedBy, reason: reason, at: now)
                line.describe(new.certificate)
                try store.append([line])
                try folder(plane).write(promoting ? [new] + old : old + [new], keysFirst: true)
                return new.certificate
            }
        }
    }

    /// Lets the CA that was added last issue from now on. Does nothing if it issues already.
    ///
    /// - Throws: `authorityState` if no rotation is under way.
    public func promoteNewCA(plane: Plane) async throws(PKIError) {
        try await OwnThread.run { () throws(PKIError) in
            try store.exclusively { () throws(PKIError) in
                let all = try folder(plane).authorities()
                guard all.count > 1, let newest = try newestCA(plane) else {
                    throw PKIError(.authorityState, "no rotation of the \(plane) CA is under way")
                }
                let new = all.filter { $0.certificate.serial == newest }
                let old = all.filter { $0.certificate.serial != newest }
                guard !new.isEmpty, all.first?.certificate.serial != newest else { return }
                try folder(plane).write(new + old, keysFirst: true)
            }
        }
    }

    private func newestCA(_ plane: Plane) throws(PKIError) -> String? {
        try store.book().lines.last { $0.action == .authority && $0.plane == plane }?.serial
    }

    /// Drops the old CA from the bundle and deletes its key. Certificates that it issued are trusted no more as soon
    /// as hosts have the new bundle.
    ///
    /// - Returns: certificates of the old CA that are the latest of their holders and still valid: who was forgotten.
    /// - Throws: `authorityState` if no rotation is under way, or if there are such certificates and `force` is not
    ///   set.
    @discardableResult
    public func finishRotation(
        plane: Plane, force: Bool = false, requestedBy: String, reason: String, now: Int = UnixTime.now
    ) async throws(PKIError) -> [LedgerEntry] {
        try await OwnThread.run { () throws(PKIError) in
            try store.exclusively { () throws(PKIError) in
                let all = try folder(plane).authorities()
                guard all.count > 1, let new = all.first else {
                    throw PKIError(.authorityState, "no rotation of the \(plane) CA is under way")
                }
                guard try newestCA(plane) == new.certificate.serial else {
                    throw PKIError(
                        .authorityState, "the new \(plane) CA does not issue yet", hint: "promote it first")
                }
                let forgotten = try leftBehind(plane, new.certificate, now: now)
                guard forgotten.isEmpty || force else {
                    let names = forgotten.prefix(8).map { "'\(Printable.text($0.name))'" }.joined(separator: ", ")
                    throw PKIError(
                        .authorityState, "\(forgotten.count) holders still use the old \(plane) CA: \(names)",
                        hint: "renew or revoke their certificates first")
                }
                try folder(plane).write([new], keysFirst: false)
                for old in all.dropFirst() {
                    var line = LedgerLine(.finish, plane: plane, by: requestedBy, reason: reason, at: now)
                    line.describe(old.certificate)
                    try store.append([line])
                }
                return forgotten
            }
        }
    }

    private func leftBehind(_ plane: Plane, _ issuer: Certificate, now: Int) throws(PKIError) -> [LedgerEntry] {
        let book = try store.book()
        return book.entries.filter { entry in
            entry.plane == plane && !entry.isRevoked && entry.notAfter >= now && entry.issuerSerial != issuer.serial
                && book.latest(name: entry.name, plane: plane) == entry
        }
    }
}
