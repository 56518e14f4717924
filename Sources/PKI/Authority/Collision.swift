/// A name or address that certificates of several holders would carry, so that each could pass for the other.
public struct Collision: Sendable, Hashable, CustomStringConvertible {
    public let plane: Plane
    /// The DNS name or address, normalized.
    public let value: String
    /// The holders' ledger names, sorted.
    public let holders: [String]

    public var description: String {
        let who = holders.map { "'\(Printable.text($0))'" }.joined(separator: " and ")
        return "\(who) both claim '\(value)' in the \(plane) plane"
    }
}

extension Authority {
    /// Finds what several holders claim. A common name counts as a name, since clients fall back to it.
    ///
    /// - Throws: `invalidInput` for a profile that could not be issued.
    public static func collisions(of profiles: [LeafProfile]) throws(PKIError) -> [Collision] {
        var holders: [Plane: [String: Set<String>]] = [:]
        for profile in profiles {
            let profile = try profile.normalized()
            for value in profile.dnsNames + profile.ipAddresses + [profile.commonName.lowercased()] {
                holders[profile.plane, default: [:]][value, default: []].insert(profile.name)
            }
        }
        return Plane.allCases.flatMap { plane in
            (holders[plane] ?? [:]).filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map {
                Collision(plane: plane, value: $0.key, holders: $0.value.sorted())
            }
        }
    }
}
