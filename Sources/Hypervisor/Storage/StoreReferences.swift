internal import CLibvirt

/// What a domain's definitions, the running one and the one at rest, name of its host's storage and networks.
public struct StoreReferences: Sendable, Hashable {
    /// A volume named by its pool, rather than by a path.
    public struct Volume: Sendable, Hashable {
        public var pool: String
        public var name: String

        public init(pool: String, name: String) {
            self.pool = pool
            self.name = name
        }
    }

    public var domain: String
    public var uuid: String
    public var isActive: Bool
    /// Every file, device and network image that occurs anywhere in it.
    public var paths: Set<String> = []
    public var volumes: Set<Volume> = []
    public var networks: Set<String> = []
    /// The host's names of its cards on each network, while it runs.
    public var cards: [String: [String]] = [:]

    init(domain: String, uuid: String, isActive: Bool) {
        self.domain = domain
        self.uuid = uuid
        self.isActive = isActive
    }

    /// Adds what a definition names. Whatever looks like a path counts: too much is refused rather than too little.
    mutating func read(_ element: XMLElement) {
        switch element.localName {
        case "metadata": return
        case "interface":
            if let network = element.first("source")?[attribute: "network"] {
                networks.insert(network)
                if let card = element.first("target")?[attribute: "dev"] { cards[network, default: []].append(card) }
            }
        case "source":
            if let pool = element[attribute: "pool"], let name = element[attribute: "volume"] {
                volumes.insert(Volume(pool: pool, name: name))
            }
            if element[attribute: "protocol"] != nil, let name = element[attribute: "name"] { paths.insert(name) }
        default: break
        }
        for text in element.attributes.map(\.value) + [element.text] where text.hasPrefix("/") { paths.insert(text) }
        for child in element.children { read(child) }
    }
}

extension HypervisorConnection {
    /// What each domain of the host needs of its storage and networks. One that vanishes meanwhile is left out.
    public func storeReferences() async throws(HypervisorError) -> [StoreReferences] {
        try await longCall("read the definitions of all domains") { call throws(HypervisorError) in
            try call.each(
                { virConnectListAllDomains(call.connection, $0, 0) }, release: virDomainFree,
                { domain throws(HypervisorError) -> StoreReferences? in
                    do throws(HypervisorError) {
                        return try call.references(of: domain)
                    } catch {
                        guard error.code == .noDomain else { throw error }
                        return nil
                    }
                })
        }
    }
}

extension Call {
    fileprivate func references(of domain: virDomainPtr) throws(HypervisorError) -> StoreReferences {
        let live = try document(virDomainGetXMLDesc(domain, 0))
        var references = StoreReferences(
            domain: live.first("name")?.text ?? "", uuid: live.first("uuid")?.text ?? "",
            isActive: try state(of: domain).isActive)
        references.read(live)
        let running = references.cards
        if references.isActive, try check(virDomainIsPersistent(domain)) == 1 {
            references.read(try document(virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE.rawValue)))
        }
        references.cards = references.isActive ? running : [:]
        return references
    }
}
