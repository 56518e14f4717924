/// The parts of a distinguished name that are used here. Empty parts are left out of the certificate.
public struct Subject: Sendable, Hashable, Codable {
    public var commonName: String
    public var organization: String
    /// Two letters (ISO 3166).
    public var country: String
    public var state: String
    public var locality: String

    public init(
        commonName: String, organization: String = "", country: String = "", state: String = "", locality: String = ""
    ) {
        self.commonName = commonName
        self.organization = organization
        self.country = country
        self.state = state
        self.locality = locality
    }

    /// Refuses what X.520 has no room for, and control characters, which would let a name pretend to be two.
    func validate() throws(PKIError) {
        guard !commonName.isEmpty else { throw PKIError(.invalidInput, "a certificate needs a common name") }
        let limits = [
            ("common name", commonName, 64), ("organization", organization, 64), ("state", state, 128),
            ("locality", locality, 128),
        ]
        for (what, value, limit) in limits {
            let count = value.unicodeScalars.count
            guard count <= limit else {
                throw PKIError(
                    .invalidInput,
                    "\(what) '\(Printable.text(value))' has \(count) characters, X.509 allows \(limit)"
                )
            }
            guard !value.unicodeScalars.contains(where: Printable.isControl) else {
                throw PKIError(.invalidInput, "\(what) '\(Printable.text(value))' contains control characters")
            }
        }
        guard country.isEmpty || country.utf8.count == 2 && country.utf8.allSatisfy({ (65...90).contains($0) }) else {
            throw PKIError(
                .invalidInput, "country '\(Printable.text(country))' is not two capital letters",
                hint: "use the ISO 3166 code, like DE or US")
        }
    }
}
