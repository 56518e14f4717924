/// Where a disk's bytes are.
///
/// Paths are always explicit: a disk of `type='volume'` keeps libvirt's AppArmor profile from seeing its file.
public enum DiskSource: Sendable, Hashable {
    /// A file, by its absolute path.
    case file(String)
    /// A block device, by its absolute path.
    case block(String)
    /// A volume of a pool that has no paths, such as RBD's: libvirt knows its host and its secret.
    case volume(pool: String, name: String)
    /// A network disk, such as iSCSI: `protocol`, name, host and port.
    case network(kind: String, name: String, host: String, port: Int?)

    /// The path; nil for what is no file of the host.
    public var path: String? {
        switch self {
        case .file(let path), .block(let path): path
        case .volume, .network: nil
        }
    }

    /// libvirt's word for `<disk type=...>`.
    var type: String {
        switch self {
        case .file: "file"
        case .block: "block"
        case .volume: "volume"
        case .network: "network"
        }
    }

    /// The `<source>` element.
    var element: XMLElement {
        switch self {
        case .file(let path): XMLElement("source", ["file": path])
        case .block(let path): XMLElement("source", ["dev": path])
        case .volume(let pool, let name): XMLElement("source", ["pool": pool, "volume": name])
        case .network(let kind, let name, let host, let port):
            XMLElement(
                "source", ["protocol": kind, "name": name],
                [XMLElement("host", ["name": host, "port": port.map { "\($0)" }])])
        }
    }

    /// Reads `<disk>`, `<backingStore>` or `<mirror>`; nil when it has no source, as an empty drive has none.
    init?(of disk: XMLElement) {
        guard let source = disk.first("source") else { return nil }
        if let path = source[attribute: "file"] {
            self = .file(path)
        } else if let path = source[attribute: "dev"] {
            self = .block(path)
        } else if let pool = source[attribute: "pool"], let name = source[attribute: "volume"] {
            self = .volume(pool: pool, name: name)
        } else if let kind = source[attribute: "protocol"] {
            let host = source.first("host")
            self = .network(
                kind: kind, name: source[attribute: "name"] ?? "", host: host?[attribute: "name"] ?? "",
                port: host?[attribute: "port"].flatMap { Int($0) })
        } else {
            return nil
        }
    }
}
