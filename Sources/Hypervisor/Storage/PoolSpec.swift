/// A storage pool to be made.
public struct PoolSpec: Sendable, Hashable {
    /// libvirt's kinds of pools.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case dir, fs, netfs, logical, disk, iscsi
        case iscsiDirect = "iscsi-direct"
        case scsi, mpath, rbd, gluster, zfs, vstorage

        /// Whether its volumes may be in use by VMs of other hosts too. Volume groups and disks count: they may lie on
        /// devices of a SAN, which several hosts see.
        public var isShared: Bool { ![.dir, .fs, .zfs].contains(self) }

        /// Whether a volume in it may stand on one anywhere else, as files do.
        public var holdsOverlays: Bool { [.dir, .fs, .netfs, .gluster, .vstorage].contains(self) }

        /// Whether building it makes no more than the directory that it is mounted on, or that it is.
        public var isBuiltAsDirectory: Bool { [.dir, .fs, .netfs, .vstorage].contains(self) }

        /// Whether building it writes to the devices of its source.
        public var isBuiltOnDevices: Bool { [.logical, .disk, .zfs].contains(self) }
    }

    /// What the pool's directory or its volumes belong to.
    public struct Permissions: Sendable, Hashable {
        /// Such as 0o711.
        public var mode: UInt32?
        public var owner: UInt32?
        public var group: UInt32?
        /// The security label, such as an SELinux context.
        public var label: String?

        public init(mode: UInt32? = nil, owner: UInt32? = nil, group: UInt32? = nil, label: String? = nil) {
            self.mode = mode
            self.owner = owner
            self.group = group
            self.label = label
        }
    }

    public var name: String
    /// Nil: libvirt makes one.
    public var uuid: String?
    public var kind: Kind
    /// Where its volumes appear; absolute. Nil for kinds without a directory, or for libvirt's own choice.
    public var target: String?
    public var permissions: Permissions
    public var source: PoolSource

    public init(
        name: String, kind: Kind, target: String? = nil, permissions: Permissions = Permissions(),
        source: PoolSource = PoolSource()
    ) {
        self.name = name
        self.kind = kind
        self.target = target
        self.permissions = permissions
        self.source = source
    }

    /// A directory pool.
    /// - Parameter path: absolute.
    public init(name: String, path: String) {
        self.init(name: name, kind: .dir, target: path)
    }

    /// In what a pool as it is (`found`) is not what this asks for. What this leaves to libvirt is not compared.
    public func differences(from found: PoolSpec) -> [SpecDifference] {
        SpecDifference.between(
            found: found.properties, wanted: properties,
            optional: [
                "target", "permissions.mode", "permissions.owner", "permissions.group", "permissions.label",
                "source.name", "source.format",
            ])
    }

    private var properties: [(String, String?)] {
        [
            ("ptype", kind.rawValue), ("target", target.map(Self.tidied)),
            ("permissions.mode", permissions.mode.map { "0" + String($0, radix: 8) }),
            ("permissions.owner", permissions.owner.map { "\($0)" }),
            ("permissions.group", permissions.group.map { "\($0)" }), ("permissions.label", permissions.label),
        ] + source.properties
    }

    /// A path as libvirt keeps it: without doubled and trailing slashes.
    static func tidied(_ path: String) -> String {
        guard path.hasPrefix("/") else { return path }
        return "/" + path.split(separator: "/").joined(separator: "/")
    }
}

/// What a pool's volumes come from.
public struct PoolSource: Sendable, Hashable {
    public struct Device: Sendable, Hashable {
        public var path: String
        /// Whether partitions of a multipath device are named with a `p`; nil for libvirt's guess.
        public var hasPartSeparator: Bool?

        public init(path: String, hasPartSeparator: Bool? = nil) {
            self.path = path
            self.hasPartSeparator = hasPartSeparator
        }
    }

    public struct Server: Sendable, Hashable {
        public var name: String
        public var port: Int?

        public init(name: String, port: Int? = nil) {
            self.name = name
            self.port = port
        }
    }

    /// Who to log in as. The password is in a secret of libvirt's on the same host.
    public struct Login: Sendable, Hashable {
        public enum Kind: String, Sendable, Hashable { case chap, ceph }
        public enum Secret: Sendable, Hashable {
            case uuid(String)
            /// The secret's own usage name.
            case usage(String)
        }

        public var kind: Kind
        public var user: String
        public var secret: Secret

        public init(kind: Kind, user: String, secret: Secret) {
            self.kind = kind
            self.user = user
            self.secret = secret
        }
    }

    /// A SCSI or Fibre Channel adapter.
    public struct Adapter: Sendable, Hashable {
        /// `scsi_host` or `fc_host`.
        public var type: String
        /// libvirt's further attributes: `name`, `parent`, `managed`, `wwnn`, `wwpn`, `parent_wwnn`, ...
        public var attributes: [String: String]
        /// The PCI address of the adapter that `unique_id` counts on, as `0000:00:1f.2`, and that number.
        public var parentAddress: PCIAddress?
        public var uniqueID: Int?

        public init(
            type: String, attributes: [String: String] = [:], parentAddress: PCIAddress? = nil, uniqueID: Int? = nil
        ) {
            self.type = type
            self.attributes = attributes
            self.parentAddress = parentAddress
            self.uniqueID = uniqueID
        }
    }

    public var devices: [Device]
    /// The exported directory of a network file system, or the path inside a gluster volume.
    public var directory: String?
    /// The initiator's IQN.
    public var initiator: String?
    public var adapter: Adapter?
    public var servers: [Server]
    public var login: Login?
    /// The volume group, Ceph pool, ZFS pool or gluster volume.
    public var name: String?
    /// Such as `nfs`, `cifs`, `lvm2`, `ext4`, `gpt`.
    public var format: String?

    public init(
        devices: [Device] = [], directory: String? = nil, initiator: String? = nil, adapter: Adapter? = nil,
        servers: [Server] = [], login: Login? = nil, name: String? = nil, format: String? = nil
    ) {
        self.devices = devices
        self.directory = directory
        self.initiator = initiator
        self.adapter = adapter
        self.servers = servers
        self.login = login
        self.name = name
        self.format = format
    }

    var properties: [(String, String?)] {
        func joined(_ words: [String]) -> String? { words.isEmpty ? nil : words.joined(separator: ", ") }
        let secret = login.map { login in
            switch login.secret {
            case .uuid(let uuid): "\(login.kind.rawValue) \(login.user) secret \(uuid)"
            case .usage(let name): "\(login.kind.rawValue) \(login.user) secret of \(name)"
            }
        }
        let adapterWords = adapter.map { adapter in
            let attributes = adapter.attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let parent = adapter.parentAddress.map { "parent_address=\($0)" }
            return
                ([adapter.type] + attributes + [parent, adapter.uniqueID.map { "unique_id=\($0)" }].compactMap { $0 })
                .joined(separator: " ")
        }
        return [
            ("source.devices", joined(devices.map(\.path))), ("source.dir", directory.map(PoolSpec.tidied)),
            ("source.initiator", initiator), ("source.adapter", adapterWords),
            (
                "source.hosts",
                joined(servers.map { server in server.port.map { "\(server.name):\($0)" } ?? server.name })
            ),
            ("source.auth", secret), ("source.name", name), ("source.format", format),
        ]
    }
}
