internal import PKI
internal import Values

extension Certificate {
    /// What a certificate says, for people and programs.
    func description(plane: Plane?) -> Mapping {
        var fields = Mapping([
            ("serial", Value(serial)), ("subject", Value(subject)), ("issuer", Value(issuer)),
            ("not_before", Value(UnixTime.iso8601(notBefore))), ("not_after", Value(UnixTime.iso8601(notAfter))),
            ("names", Value(dnsNames.map { Value($0) })), ("addresses", Value(ipAddresses.map { Value($0) })),
            ("algorithm", Value(keyAlgorithm.rawValue)), ("is_ca", Value(isCA)), ("sha256", Value(fingerprint)),
        ])
        if let plane { fields["plane"] = Value(plane.rawValue) }
        return fields
    }

    /// A CA of the authority.
    func value(plane: Plane, issues: Bool) -> Value {
        var fields = description(plane: plane)
        fields["issues"] = Value(issues)
        return Value(fields)
    }
}

extension LedgerEntry {
    /// What the ledger remembers of a certificate, without the certificate itself.
    var value: Value {
        Value(
            Mapping([
                ("name", Value(name)), ("plane", Value(plane.rawValue)), ("serial", Value(serial)),
                ("issuer_serial", Value(issuerSerial)), ("issued_at", Value(UnixTime.iso8601(issuedAt))),
                ("not_after", Value(UnixTime.iso8601(notAfter))), ("by", Value(by)), ("reason", Value(reason)),
                ("revoked", revocation.map { Value($0.reason) } ?? .null),
                ("names", Value(dnsNames.map { Value($0) })), ("addresses", Value(ipAddresses.map { Value($0) })),
            ]))
    }
}
