internal import CLibvirt

/// How a domain is named in a call: by its name, or by its UUID, which a rename does not change.
public enum DomainReference: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    case name(String)
    case uuid(String)

    public init(stringLiteral value: String) { self = .name(value) }

    public var description: String {
        switch self {
        case .name(let name): "domain \"\(name)\""
        case .uuid(let uuid): "domain \(uuid)"
        }
    }
}

extension Call {
    /// Looks the domain up and releases it behind `body`.
    func domain<Answer>(
        _ reference: DomainReference, _ body: (virDomainPtr) throws(HypervisorError) -> Answer
    ) throws(HypervisorError) -> Answer {
        let domain =
            switch reference {
            case .name(let name): virDomainLookupByName(connection, name)
            case .uuid(let uuid): virDomainLookupByUUIDString(connection, uuid)
            }
        let found = try require(domain)
        defer { virDomainFree(found) }
        return try body(found)
    }
}
