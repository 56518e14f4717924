extension Authority {
    /// A CRL is good for this long: some verifiers refuse everybody when it is older, so it must outlive any pause in
    /// using the fleet; it is signed anew when half of that is over.
    private static let crlDays = 730

    /// Revokes the certificate with this serial number (hexadecimal).
    ///
    /// - Returns: what is revoked by this call; empty if it was revoked before.
    /// - Throws: `missing` if it is not in the ledger.
    @discardableResult
    public func revoke(
        serial: String, requestedBy: String, reason: String, now: Int = UnixTime.now
    ) async throws(PKIError) -> [LedgerEntry] {
        try await OwnThread.run { () throws(PKIError) in
            try store.exclusively { () throws(PKIError) in
                guard let entry = try store.book().entry(serial: serial.lowercased()) else {
                    throw PKIError(
                        .missing, "no certificate with serial '\(Printable.text(serial))' was issued here")
                }
                return try record([entry], by: requestedBy, reason: reason, now: now)
            }
        }
    }

    /// Revokes every certificate of `name` that is still valid, in one plane or in all.
    ///
    /// - Returns: what is revoked by this call.
    /// - Throws: `missing` if none was ever issued to that name.
    @discardableResult
    public func revoke(
        name: String, plane: Plane? = nil, requestedBy: String, reason: String, now: Int = UnixTime.now
    ) async throws(PKIError) -> [LedgerEntry] {
        try await OwnThread.run { () throws(PKIError) in
            try store.exclusively { () throws(PKIError) in
                let entries = try store.book().entries.filter {
                    $0.name == name && (plane == nil || $0.plane == plane)
                }
                guard !entries.isEmpty else {
                    throw PKIError(.missing, "no certificate was ever issued to '\(Printable.text(name))'")
                }
                return try record(entries.filter { $0.notAfter >= now }, by: requestedBy, reason: reason, now: now)
            }
        }
    }

    /// The plane's CRLs, one for each trusted CA, in one PEM text (`cacrl.pem`).
    ///
    /// The same text is returned until something is revoked, the CAs change, or half of its life is over, so that
    /// hosts have nothing to change.
    public func crl(plane: Plane, now: Int = UnixTime.now) async throws(PKIError) -> String {
        try await OwnThread.run { () throws(PKIError) in
            try store.exclusively { () throws(PKIError) in try currentCRL(plane, now: now) }
        }
    }

    private func record(
        _ entries: [LedgerEntry], by: String, reason: String, now: Int
    ) throws(PKIError) -> [LedgerEntry] {
        let fresh = entries.filter { !$0.isRevoked }
        guard !fresh.isEmpty else { return [] }
        try store.append(
            fresh.map { entry in
                var line = LedgerLine(.revoke, plane: entry.plane, by: by, reason: reason, at: now)
                line.name = entry.name
                line.serial = entry.serial
                return line
            })
        return fresh.map { entry in
            var entry = entry
            entry.revocation = Revocation(at: now, by: by, reason: reason)
            return entry
        }
    }

    /// Reads or makes the CRL; only under the lock.
    func currentCRL(_ plane: Plane, now: Int) throws(PKIError) -> String {
        let path = store.path(plane, "crl.pem")
        let authorities = try folder(plane).authorities()
        let book = try store.book()
        let revoked = book.entries.filter { $0.plane == plane && $0.isRevoked && $0.notAfter >= now }
        if SecureFile.exists(path) {
            let text = try SecureFile.text(path)
            if let lists = try? RevocationList.list(pem: text), isCurrent(lists, authorities, revoked, now) {
                return text
            }
        }
        let number = (book.crlNumbers[plane] ?? 0) + 1
        var text = ""
        for authority in authorities {
            let own = revoked.filter { $0.issuerSerial == authority.certificate.serial }
            text += try RevocationList.make(
                by: authority, revoked: own.map { ($0.serial, $0.revocation?.at ?? now) }, number: number,
                thisUpdate: now - IssuingCA.backdating,
                nextUpdate: min(now + Self.crlDays * 86400, authority.certificate.notAfter)
            ).pem
        }
        // The number is used up before the CRL exists, so that no two CRLs ever share it.
        var line = LedgerLine(.crl, plane: plane, by: "", reason: "\(revoked.count) revoked", at: now)
        line.number = number
        try store.append([line])
        try SecureFile.replace(path, with: text)
        return text
    }

    private func isCurrent(
        _ lists: [RevocationList], _ authorities: [IssuingCA], _ revoked: [LedgerEntry], _ now: Int
    ) -> Bool {
        guard lists.map(\.authorityKeyID) == authorities.map(\.certificate.subjectKeyID) else { return false }
        return zip(lists, authorities).allSatisfy { list, authority in
            let own = Set(revoked.filter { $0.issuerSerial == authority.certificate.serial }.map(\.serial))
            let half = min(list.thisUpdate + Self.crlDays * 43200, authority.certificate.notAfter)
            return own.isSubset(of: list.serials) && list.thisUpdate <= now && now < half
        }
    }
}
