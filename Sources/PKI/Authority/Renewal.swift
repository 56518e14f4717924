/// Why a certificate should be replaced.
public enum RenewalReason: Sendable, Hashable, CustomStringConvertible {
    case revoked
    /// At a time, seconds since 1970.
    case expired(Int)
    /// Less than a third of its life is left; ends at a time, seconds since 1970.
    case expiresSoon(Int)
    /// It comes from a CA that is being rotated out, or from none of ours.
    case issuerChanged
    case namesChanged(added: [String], removed: [String])
    case subjectChanged
    case algorithmChanged(from: KeyAlgorithm, to: KeyAlgorithm)
    case purposesChanged

    public var description: String {
        switch self {
        case .revoked: "it is revoked"
        case .expired(let time): "it expired on \(UnixTime.iso8601(time))"
        case .expiresSoon(let time): "less than a third of its life is left (until \(UnixTime.iso8601(time)))"
        case .issuerChanged: "its issuer is no longer the current CA"
        case .namesChanged(let added, let removed):
            "its names changed (" + (added.map { "+\($0)" } + removed.map { "-\($0)" }).joined(separator: " ") + ")"
        case .subjectChanged: "its subject changed"
        case .algorithmChanged(let old, let new): "its key is \(old), not \(new)"
        case .purposesChanged: "its purposes changed"
        }
    }
}

extension Authority {
    /// Says why `entry` does not serve `profile` (any more), nil if it does.
    public func needsRenewal(
        _ entry: LedgerEntry, for profile: LeafProfile, now: Int = UnixTime.now
    ) throws(PKIError) -> RenewalReason? {
        let wanted = try profile.normalized()
        if try store.book().entry(serial: entry.serial)?.isRevoked ?? entry.isRevoked { return .revoked }
        if entry.notAfter <= now { return .expired(entry.notAfter) }
        guard try issuers(plane: entry.plane).first?.serial == entry.issuerSerial, entry.plane == wanted.plane else {
            return .issuerChanged
        }
        let had = Set(entry.dnsNames + entry.ipAddresses)
        let want = Set(wanted.dnsNames + wanted.ipAddresses)
        if had != want {
            return .namesChanged(added: want.subtracting(had).sorted(), removed: had.subtracting(want).sorted())
        }
        let certificate = try Certificate(pem: entry.certificatePEM)
        if certificate.subjectFields != wanted.subject { return .subjectChanged }
        if entry.algorithm != wanted.algorithm {
            return .algorithmChanged(from: entry.algorithm, to: wanted.algorithm)
        }
        if certificate.purposes != wanted.purposes { return .purposesChanged }
        let left = entry.notAfter - now
        return left * 3 < entry.notAfter - entry.notBefore ? .expiresSoon(entry.notAfter) : nil
    }

    /// Says why the plane's CA should be rotated, nil if nothing presses: leaves must be able to live their year.
    public func rotationDue(plane: Plane, now: Int = UnixTime.now) throws(PKIError) -> String? {
        guard let issuer = try issuers(plane: plane).first else { return nil }
        let days = (issuer.notAfter - now + 86399) / 86400
        if days <= 0 { return "the \(plane) CA expired on \(UnixTime.iso8601(issuer.notAfter))" }
        return days < 400 ? "the \(plane) CA ends in \(days) days, and certificates cannot outlive it" : nil
    }
}
