/// The definition of a storage pool: written, and read back.
enum PoolXML {
    static func element(_ spec: PoolSpec) -> XMLElement {
        let source = self.source(spec.source)
        // libvirt's own choice for a volume group, which its schema wants to see.
        let group = spec.kind == .logical ? "/dev/" + (spec.source.name ?? spec.name) : nil
        var target = (spec.target ?? group).map { [XMLElement("path", text: $0)] } ?? []
        if let permissions = permissions(spec.permissions) { target.append(permissions) }
        let children = [
            XMLElement("name", text: spec.name), spec.uuid.map { XMLElement("uuid", text: $0) },
            source.isEmpty ? nil : XMLElement("source", [:], source),
            target.isEmpty ? nil : XMLElement("target", [:], target),
        ]
        return XMLElement("pool", ["type": spec.kind.rawValue], children.compactMap { $0 })
    }

    static func permissions(_ permissions: PoolSpec.Permissions) -> XMLElement? {
        let children = [
            permissions.mode.map { XMLElement("mode", text: "0" + String($0, radix: 8)) },
            permissions.owner.map { XMLElement("owner", text: "\($0)") },
            permissions.group.map { XMLElement("group", text: "\($0)") },
            permissions.label.map { XMLElement("label", text: $0) },
        ].compactMap { $0 }
        return children.isEmpty ? nil : XMLElement("permissions", [:], children)
    }

    private static func source(_ source: PoolSource) -> [XMLElement] {
        let devices = source.devices.map { device in
            XMLElement(
                "device",
                ["path": device.path, "part_separator": device.hasPartSeparator.map { $0 ? "yes" : "no" }])
        }
        let servers = source.servers.map { XMLElement("host", ["name": $0.name, "port": $0.port.map { "\($0)" }]) }
        let rest = [
            source.directory.map { XMLElement("dir", ["path": $0]) }, source.adapter.map(adapter),
            source.name.map { XMLElement("name", text: $0) },
            source.format.map { XMLElement("format", ["type": $0]) },
            source.initiator.map { XMLElement("initiator", [:], [XMLElement("iqn", ["name": $0])]) },
            source.login.map(login),
        ]
        return servers + devices + rest.compactMap { $0 }
    }

    private static func login(_ login: PoolSource.Login) -> XMLElement {
        let secret =
            switch login.secret {
            case .uuid(let uuid): XMLElement("secret", ["uuid": uuid])
            case .usage(let usage): XMLElement("secret", ["usage": usage])
            }
        return XMLElement("auth", ["type": login.kind.rawValue, "username": login.user], [secret])
    }

    private static func adapter(_ adapter: PoolSource.Adapter) -> XMLElement {
        var element = XMLElement("adapter", ["type": adapter.type])
        for (name, value) in adapter.attributes.sorted(by: { $0.key < $1.key }) { element[attribute: name] = value }
        if let address = adapter.parentAddress {
            let place = address.element("address", type: nil)
            let parent = XMLElement("parentaddr", ["unique_id": adapter.uniqueID.map { "\($0)" }], [place])
            element.nodes.append(.element(parent))
        }
        return element
    }
}

extension PoolSpec {
    /// Reads a definition as libvirt gives it; nil for a kind of pool that is not known here.
    public init?(reading document: XMLElement) {
        guard let kind = document[attribute: "type"].flatMap(Kind.init) else { return nil }
        let target = document.first("target")
        self.init(
            name: document.first("name")?.text ?? "", kind: kind, target: target?.first("path")?.text,
            permissions: target?.first("permissions").map(Permissions.init) ?? Permissions(),
            source: document.first("source").map(PoolSource.init) ?? PoolSource())
        uuid = document.first("uuid")?.text
    }
}

extension PoolSpec.Permissions {
    init(_ element: XMLElement) {
        self.init(
            mode: element.first("mode").flatMap { UInt32($0.text, radix: 8) },
            owner: element.first("owner").flatMap { UInt32($0.text) },
            group: element.first("group").flatMap { UInt32($0.text) }, label: element.first("label")?.text)
    }
}

extension PoolSource {
    init(_ element: XMLElement) {
        self.init(
            devices: element.all("device").map { device in
                Device(
                    path: device[attribute: "path"] ?? "",
                    hasPartSeparator: device[attribute: "part_separator"].map { $0 == "yes" })
            },
            directory: element.first("dir")?[attribute: "path"],
            initiator: element.first("initiator", "iqn")?[attribute: "name"],
            adapter: element.first("adapter").map(Adapter.init),
            servers: element.all("host").map { host in
                Server(name: host[attribute: "name"] ?? "", port: host[attribute: "port"].flatMap { Int($0) })
            },
            login: element.first("auth").flatMap(Login.init), name: element.first("name")?.text,
            format: element.first("format")?[attribute: "type"])
    }
}

extension PoolSource.Login {
    init?(_ element: XMLElement) {
        let secret = element.first("secret")
        guard let kind = element[attribute: "type"].flatMap(Kind.init),
            let key = secret?[attribute: "uuid"].map(Secret.uuid) ?? secret?[attribute: "usage"].map(Secret.usage)
        else { return nil }
        self.init(kind: kind, user: element[attribute: "username"] ?? "", secret: key)
    }
}

extension PoolSource.Adapter {
    init(_ element: XMLElement) {
        let parent = element.first("parentaddr")
        let others = element.attributes.filter { $0.name != "type" }.map { ($0.name, $0.value) }
        self.init(
            type: element[attribute: "type"] ?? "scsi_host",
            attributes: Dictionary(others) { first, _ in first },
            parentAddress: parent?.first("address").flatMap { PCIAddress($0) },
            uniqueID: parent?[attribute: "unique_id"].flatMap { Int($0) })
    }
}
