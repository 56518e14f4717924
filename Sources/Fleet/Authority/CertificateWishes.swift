package import PKI
package import Values

/// What a role asks of certificates besides the names, which come from the inventory alone.
package struct CertificateWishes: Sendable, Hashable {
    package var organization = "drover"
    package var country = ""
    package var state = ""
    package var locality = ""
    package var days = 365

    package init() {}

    /// The arguments of `virt.keys`, under Salt's names.
    package init(_ arguments: Mapping) {
        func text(_ key: String) -> String? { arguments[key]?.scalarText }
        organization = text("organization") ?? organization
        country = text("country") ?? ""
        state = text("state") ?? ""
        locality = text("locality") ?? ""
        days = arguments["expiration_days"]?.int ?? text("expiration_days").flatMap { Int($0) } ?? days
    }

    /// What was asked for when a certificate was issued; the usual when there is none.
    package init(_ entry: LedgerEntry?) {
        guard let entry, let subject = try? Certificate(pem: entry.certificatePEM).subjectFields else { return }
        (organization, country, state, locality) = (
            subject.organization, subject.country, subject.state, subject.locality
        )
        days = max(1, (entry.notAfter - entry.issuedAt + 43200) / 86400)
    }

    func subject(commonName: String) -> Subject {
        Subject(
            commonName: commonName, organization: organization, country: country, state: state, locality: locality)
    }
}
