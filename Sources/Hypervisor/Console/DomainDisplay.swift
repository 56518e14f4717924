/// A graphical console of a domain.
public struct DomainDisplay: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case vnc, spice
    }

    public var kind: Kind
    /// The host's address that it listens on, as the host sees it.
    public var address: String
    /// Nil while the domain is off, or when it listens on a socket file or with TLS only.
    public var port: Int?
    /// SPICE's port with TLS.
    public var tlsPort: Int?
    /// The socket file that it listens on, if it does.
    public var socket: String?

    init?(_ element: XMLElement) {
        guard let kind = element[attribute: "type"].flatMap(Kind.init(rawValue:)) else { return nil }
        self.kind = kind
        address =
            element[attribute: "listen"] ?? element.first("listen")?[attribute: "address"] ?? "127.0.0.1"
        port = element[attribute: "port"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        tlsPort = element[attribute: "tlsPort"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        socket = element[attribute: "socket"] ?? element.first("listen")?[attribute: "socket"]
    }
}

extension DomainDescription {
    /// The graphical consoles; ports are known once the domain runs.
    public var displays: [DomainDisplay] {
        document.first("devices")?.all("graphics").compactMap { DomainDisplay($0) } ?? []
    }

    /// Whether the guest's agent has opened its channel.
    public var isAgentConnected: Bool {
        document.first("devices")?.all("channel").contains { channel in
            let target = channel.first("target")
            return target?[attribute: "name"] == "org.qemu.guest_agent.0" && target?[attribute: "state"] == "connected"
        } ?? false
    }

    /// The bridges of the host that its cards are on, those of libvirt's networks included, once the domain runs.
    public var bridges: [String] {
        let cards = document.first("devices")?.all("interface") ?? []
        return Set(cards.compactMap { $0.first("source")?[attribute: "bridge"] }).sorted()
    }
}
