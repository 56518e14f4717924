internal import CLibvirt

/// Which of a domain's definitions is meant.
public struct DomainXMLOptions: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// With secrets, such as a VNC password; needs a writable connection.
    public static let secure = DomainXMLOptions(rawValue: VIR_DOMAIN_XML_SECURE.rawValue)
    /// What the domain will be at its next start, rather than what it is.
    public static let inactive = DomainXMLOptions(rawValue: VIR_DOMAIN_XML_INACTIVE.rawValue)
    /// In the form that migration wants and another host accepts.
    public static let migratable = DomainXMLOptions(rawValue: VIR_DOMAIN_XML_MIGRATABLE.rawValue)
}

extension HypervisorConnection {
    /// The domain's definition as text.
    public func xml(
        _ domain: DomainReference, _ options: DomainXMLOptions = []
    ) async throws(HypervisorError) -> String {
        try await call("read the definition of \(domain)") { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                try call.string(virDomainGetXMLDesc(found, options.rawValue))
            }
        }
    }

    /// The domain's definition, taken apart.
    public func description(
        of domain: DomainReference, _ options: DomainXMLOptions = []
    ) async throws(HypervisorError) -> DomainDescription {
        let text = try await xml(domain, options)
        do {
            return DomainDescription(try XMLElement(reading: text))
        } catch {
            throw .unreadable("read the definition of \(domain)", host: uri.host, error)
        }
    }

    /// What Drover noted in the domain; nil when nothing.
    public func metadata(_ domain: DomainReference) async throws(HypervisorError) -> DomainMetadata? {
        try await orNil(.noDomainMetadata) { () throws(HypervisorError) in
            try await call("read the metadata of \(domain)") { call throws(HypervisorError) in
                try call.domain(domain) { found throws(HypervisorError) in
                    let kind = Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue)
                    let text = virDomainGetMetadata(found, kind, DomainMetadata.namespace, 0)
                    return DomainMetadata(try call.document(text))
                }
            }
        }
    }

    /// Notes `metadata` in the domain, running and defined, or removes what is there when nil.
    public func setMetadata(
        _ domain: DomainReference, _ metadata: DomainMetadata?
    ) async throws(HypervisorError) {
        let operation = "set the metadata of \(domain)"
        let text: String?
        do {
            text = try metadata?.bareElement.written()
        } catch {
            throw .invalid(operation, error.message)
        }
        try await call(operation) { call throws(HypervisorError) -> Void in
            try call.domain(domain) { found throws(HypervisorError) in
                let state = try call.state(of: found)
                var impact = state.isActive ? VIR_DOMAIN_AFFECT_LIVE.rawValue : 0
                if try call.check(virDomainIsPersistent(found)) == 1 { impact |= VIR_DOMAIN_AFFECT_CONFIG.rawValue }
                let kind = Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue)
                let (prefix, space) = (DomainMetadata.prefix, DomainMetadata.namespace)
                _ = try call.check(virDomainSetMetadata(found, kind, text, prefix, space, impact))
            }
        }
    }

    /// Waits until what another process began on the domain has ended, by removing a note that nobody writes: it changes
    /// nothing, but needs the domain to itself. libvirt gives up after half a minute.
    public func waitForJobs(_ domain: DomainReference) async throws(HypervisorError) {
        try await longCall("wait for what is at work on \(domain)") { call throws(HypervisorError) -> Void in
            try call.domain(domain) { found throws(HypervisorError) in
                let kind = Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue)
                let space = DomainMetadata.namespace + ":turn"
                _ = try call.check(virDomainSetMetadata(found, kind, nil, nil, space, 0))
            }
        }
    }
}
