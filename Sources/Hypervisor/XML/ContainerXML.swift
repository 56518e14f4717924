/// A container to be defined by libvirt's LXC driver.
public struct ContainerSpec: Sendable, Hashable {
    public var name: String
    public var uuid: String
    public var memoryMiB: Int
    public var cpus: Int
    public var architecture: String
    /// The directory on the host that the container sees as `/`.
    public var root: String
    /// What is run in it first.
    public var initProgram = "/sbin/init"
    public var interfaces: [InterfaceSpec] = []
    public var metadata: DomainMetadata?

    public init(
        name: String, uuid: String, memoryMiB: Int, cpus: Int, architecture: String = "x86_64", root: String
    ) {
        self.name = name
        self.uuid = uuid
        self.memoryMiB = memoryMiB
        self.cpus = cpus
        self.architecture = architecture
        self.root = root
    }

    /// The definition as text.
    public func xml() throws(HypervisorError) -> String {
        let operation = "write the definition of container \"\(name)\""
        for path in [root, initProgram] where !path.hasPrefix("/") {
            throw .invalid(operation, "\"\(path)\" is not an absolute path")
        }
        guard !name.isEmpty, !name.contains("/"), name != ".", name != "..", root != "/" else {
            throw .invalid(operation, "\"\(name)\" cannot be a container's name, or its root is the host's own")
        }
        do {
            return try element.written()
        } catch {
            throw .invalid(operation, error.message)
        }
    }

    private var element: XMLElement {
        let system = XMLElement(
            "os", [:],
            [XMLElement("type", ["arch": architecture], text: "exe"), XMLElement("init", text: initProgram)])
        let tree = XMLElement(
            "filesystem", ["type": "mount", "accessmode": "passthrough"],
            [XMLElement("source", ["dir": root]), XMLElement("target", ["dir": "/"])])
        // The model of a card means nothing to a container.
        let cards = interfaces.map { spec in
            var card = DomainXML.interface(spec)
            card.nodes.removeAll { if case .element(let child) = $0 { child.name == "model" } else { false } }
            return card
        }
        let devices = [tree] + cards + [XMLElement("console", ["type": "pty"])]
        let children: [XMLElement?] = [
            XMLElement("name", text: name), XMLElement("uuid", text: uuid),
            metadata.map { XMLElement("metadata", [:], [$0.element]) },
            XMLElement("memory", ["unit": "MiB"], text: "\(memoryMiB)"),
            XMLElement("vcpu", ["placement": "static"], text: "\(cpus)"), system,
            XMLElement("features", [:], [XMLElement("privnet")]),
            XMLElement("clock", ["offset": "utc"]), XMLElement("on_poweroff", text: "destroy"),
            XMLElement("on_reboot", text: "restart"), XMLElement("on_crash", text: "destroy"),
            XMLElement("devices", [:], devices),
        ]
        return XMLElement("domain", ["type": "lxc"], children.compactMap { $0 })
    }
}
