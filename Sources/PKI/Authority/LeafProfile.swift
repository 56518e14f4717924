/// What a certificate shall be issued for.
public struct LeafProfile: Sendable, Hashable {
    /// The holder's name in the ledger, like a host's name in the inventory.
    public var name: String
    public var plane: Plane
    public var subject: Subject
    public var dnsNames: [String]
    public var ipAddresses: [String]
    public var validityDays: Int
    public var algorithm: KeyAlgorithm
    /// A certificate that is for clients only needs no names.
    public var purposes: Purpose

    public var commonName: String { subject.commonName }

    public init(
        name: String, plane: Plane, subject: Subject, dnsNames: [String] = [], ipAddresses: [String] = [],
        validityDays: Int = 365, algorithm: KeyAlgorithm = .ecP256, purposes: Purpose = [.server, .client]
    ) {
        self.name = name
        self.plane = plane
        self.subject = subject
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.validityDays = validityDays
        self.algorithm = algorithm
        self.purposes = purposes
    }

    /// The same profile with names in lower case, addresses in canonical form, all sorted and without doubles.
    ///
    /// - Throws: `invalidInput` for what is no host name or address (wildcards included), or no valid profile.
    public func normalized() throws(PKIError) -> LeafProfile {
        guard !name.isEmpty, name.utf8.count <= 255, !name.unicodeScalars.contains(where: Printable.isControl) else {
            throw PKIError(.invalidInput, "'\(Printable.text(name))' cannot be the holder of a certificate")
        }
        guard (1...3650).contains(validityDays) else {
            throw PKIError(.invalidInput, "a validity of \(validityDays) days is outside 1 to 3650")
        }
        guard !purposes.isEmpty else {
            throw PKIError(.invalidInput, "the certificate of '\(name)' would be for neither servers nor clients")
        }
        try subject.validate()
        var copy = self
        copy.dnsNames = try Set(dnsNames.map(Self.dnsName)).sorted()
        copy.ipAddresses = try Set(ipAddresses.map(Self.address)).sorted()
        guard !purposes.contains(.server) || !copy.dnsNames.isEmpty || !copy.ipAddresses.isEmpty else {
            throw PKIError(.invalidInput, "the server certificate of '\(name)' has neither a DNS name nor an address")
        }
        return copy
    }

    private static func dnsName(_ raw: String) throws(PKIError) -> String {
        let name = raw.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let allowed = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.first != 45 && label.utf8.last != 45
                && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
        }
        guard allowed, name.utf8.count <= 253, IPAddress.bytes(name) == nil else {
            throw PKIError(
                .invalidInput, "'\(Printable.text(raw))' is not a DNS name",
                hint: "letters, digits, hyphens and dots; no wildcard; an internationalized name in its xn-- form; "
                    + "an address belongs to the addresses")
        }
        return name
    }

    private static func address(_ raw: String) throws(PKIError) -> String {
        guard let bytes = IPAddress.bytes(raw), let text = IPAddress.text(bytes) else {
            throw PKIError(
                .invalidInput, "'\(Printable.text(raw))' is not an IP address", hint: "without prefix length and zone")
        }
        return text
    }
}
