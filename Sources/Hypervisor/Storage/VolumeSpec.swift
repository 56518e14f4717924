/// A volume to be made in a pool.
public struct VolumeSpec: Sendable, Hashable {
    /// The image below an overlay.
    public struct Backing: Sendable, Hashable {
        /// Its path on the same host; absolute.
        public var path: String
        public var format: String

        public init(path: String, format: String) {
            self.path = path
            self.format = format
        }
    }

    public var name: String
    /// The size that the guest sees, in bytes.
    public var capacity: UInt64
    /// `qcow2` or `raw`.
    public var format: String
    /// How much is taken at once, in bytes; nil: nothing for an overlay or a sparse file.
    public var allocation: UInt64?
    public var backing: Backing?
    /// The file's mode, such as 0o600; nil: the pool's.
    public var mode: UInt32?
    /// The file's owner and group as numbers; nil: the pool's.
    public var owner: UInt32?
    public var group: UInt32?
    /// The security label; nil: the pool's.
    public var label: String?
    /// Whether a file system that copies on write shall not do so for this file.
    public var isNotCopiedOnWrite = false

    public init(
        name: String, capacity: UInt64, format: String = "qcow2", allocation: UInt64? = nil, backing: Backing? = nil,
        mode: UInt32? = nil, owner: UInt32? = nil, group: UInt32? = nil
    ) {
        self.name = name
        self.capacity = capacity
        self.format = format
        self.allocation = allocation
        self.backing = backing
        self.mode = mode
        self.owner = owner
        self.group = group
    }

    /// The definition as text.
    public func xml() throws(HypervisorError) -> String {
        let operation = "write the definition of volume \"\(name)\""
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            throw .invalid(operation, "\"\(name)\" cannot be a volume's name")
        }
        if let backing {
            guard backing.path.hasPrefix("/") else {
                throw .invalid(operation, "the path of a backing image must be absolute, found \"\(backing.path)\"")
            }
            guard format != "raw" else {
                throw .invalid(operation, "a raw volume cannot stand on a backing image")
            }
        }
        do {
            return try element.written()
        } catch {
            throw .invalid(operation, error.message)
        }
    }

    private var element: XMLElement {
        let permissions = PoolSpec.Permissions(mode: mode, owner: owner, group: group, label: label)
        var target = [XMLElement("format", ["type": format])]
        if let element = PoolXML.permissions(permissions) { target.append(element) }
        // Unasked, libvirt may make the format of before 2013.
        if format == "qcow2" { target.append(XMLElement("compat", text: "1.1")) }
        if isNotCopiedOnWrite { target.append(XMLElement("nocow")) }
        let backingStore = backing.map { backing in
            XMLElement(
                "backingStore", [:],
                [XMLElement("path", text: backing.path), XMLElement("format", ["type": backing.format])])
        }
        let children = [
            XMLElement("name", text: name), XMLElement("capacity", ["unit": "bytes"], text: "\(capacity)"),
            XMLElement("allocation", ["unit": "bytes"], text: "\(allocation ?? 0)"),
            XMLElement("target", [:], target), backingStore,
        ]
        return XMLElement("volume", ["type": "file"], children.compactMap { $0 })
    }
}
