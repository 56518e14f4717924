/// What Drover notes in a domain about it, in the namespace `urn:drover:domain:1`.
public struct DomainMetadata: Sendable, Hashable {
    /// The namespace of the element.
    public static let namespace = "urn:drover:domain:1"
    /// Its prefix.
    public static let prefix = "drover"

    /// The fleet that the domain belongs to.
    public var owner: String?
    /// The image its disk was made from.
    public var image: String?
    /// The profile it was made by.
    public var profile: String?
    /// The last operation on it.
    public var operation: String?
    /// The guest's public SSH host key, in OpenSSH's notation.
    public var hostKey: String?
    /// How its first-boot configuration got into it.
    public var seed: String?
    /// Groups whose domains keep apart.
    public var spread: [String] = []
    /// Groups whose domains stay together.
    public var affinity: [String] = []
    /// Anything else, by name.
    public var labels: [String: String]

    public init(
        owner: String? = nil, image: String? = nil, profile: String? = nil, operation: String? = nil,
        labels: [String: String] = [:]
    ) {
        self.owner = owner
        self.image = image
        self.profile = profile
        self.operation = operation
        self.labels = labels
    }

    /// Reads the element, with or without its prefix (libvirt hands it out without).
    public init(_ element: XMLElement) {
        self.init(
            owner: element.first("owner")?.text, image: element.first("image")?.text,
            profile: element.first("profile")?.text, operation: element.first("operation")?.text)
        hostKey = element.first("host_key")?.text
        seed = element.first("seed")?.text
        spread = element.all("spread").map(\.text)
        affinity = element.all("affinity").map(\.text)
        for label in element.all("label") {
            if let name = label[attribute: "name"] { labels[name] = label.text }
        }
    }

    /// The element as it stands inside `<metadata>`.
    public var element: XMLElement { element(prefix: Self.prefix + ":", namespace: Self.namespace) }

    /// The element as libvirt wants it when it sets prefix and namespace itself.
    var bareElement: XMLElement { element(prefix: "", namespace: nil) }

    private func element(prefix: String, namespace: String?) -> XMLElement {
        let fields = [
            ("owner", owner), ("image", image), ("profile", profile), ("operation", operation), ("host_key", hostKey),
            ("seed", seed),
        ]
        var children = fields.compactMap { name, value in
            value.map { XMLElement(prefix + name, text: $0) }
        }
        children += spread.map { XMLElement(prefix + "spread", text: $0) }
        children += affinity.map { XMLElement(prefix + "affinity", text: $0) }
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            children.append(XMLElement(prefix + "label", ["name": name], text: value))
        }
        return XMLElement(prefix + "domain", ["xmlns:\(Self.prefix)": namespace], children)
    }
}
