package import Hypervisor
package import Values

/// A pool as it should be on a host.
package struct PoolWish: Sendable {
    package var spec: PoolSpec
    /// The password of the pool's login; it goes into a secret of libvirt's on the host.
    package var password: StorePassword?
    /// Whether the password is set though there is one, which nobody can compare it with.
    package var renewsPassword = false
    /// Gone once it is stopped.
    package var isTransient = false
    /// Whether it starts with its host; nil: a new one does.
    package var autostart: Bool?
    /// Whether it must run; false leaves it as it is.
    package var isRunning = true
    /// How its storage is prepared; nil: its directory is made, and devices on which nothing is are taken.
    package var build: PoolBuild?

    package init(_ spec: PoolSpec) { self.spec = spec }

    /// Reads Salt's arguments of `virt.pool_defined` and `virt.pool_running`.
    ///
    /// `ptype, target, permissions: {mode, owner, group, label}, transient, autostart, source: {devices, dir, initiator,
    /// adapter, hosts, auth, name, format}`, where `auth` is `{username, password | password_command | password_file}`,
    /// or `{type, username, secret: {type: uuid|usage, value}}` for a secret that is there already.
    package init(_ name: String, arguments value: Value) throws(Diagnostics) {
        let arguments = try StoreArguments(
            value, of: "the pool \"\(name)\"",
            allowed: ["ptype", "target", "permissions", "source", "transient", "autostart"])
        let type = try arguments.required("ptype")
        guard let kind = PoolSpec.Kind(rawValue: type) else {
            throw arguments.wrong(
                "ptype", type, "one of \(PoolSpec.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        spec = PoolSpec(name: name, kind: kind, target: try arguments.text("target"))
        if let permissions = arguments["permissions"] {
            spec.permissions = try PoolSpec.Permissions(permissions, of: arguments.subject)
        }
        isTransient = try arguments.truth("transient") ?? false
        autostart = try arguments.truth("autostart")
        guard let source = arguments["source"] else { return }
        try read(source, of: arguments.subject)
    }

    private mutating func read(_ value: Value, of subject: String) throws(Diagnostics) {
        let source = try StoreArguments(
            value, of: "the source of \(subject)",
            allowed: ["devices", "dir", "initiator", "adapter", "hosts", "auth", "name", "format"])
        spec.source.directory = try source.text("dir")
        spec.source.initiator = try source.text("initiator")
        spec.source.name = try source.text("name")
        spec.source.format = try source.text("format")
        for item in source.items("devices") {
            guard item.map != nil else {
                spec.source.devices.append(.init(path: try StoreArguments.text(item, "a device of \(subject)")))
                continue
            }
            let device = try StoreArguments(item, of: "a device of \(subject)", allowed: ["path", "part_separator"])
            spec.source.devices.append(
                .init(path: try device.required("path"), hasPartSeparator: try device.truth("part_separator")))
        }
        for host in try source.words("hosts") { spec.source.servers.append(try Self.server(host, of: source)) }
        if let adapter = source["adapter"] { spec.source.adapter = try .init(adapter, of: subject) }
        if let auth = source["auth"] { try readLogin(auth, of: subject) }
    }

    /// `name`, `name:port`, `[v6]`, `[v6]:port`.
    private static func server(_ text: String, of source: StoreArguments) throws(Diagnostics) -> PoolSource.Server {
        let bare = text.hasPrefix("[") ? text.dropFirst() : text[...]
        let end = text.hasPrefix("[") ? bare.firstIndex(of: "]") : bare.lastIndex(of: ":")
        guard let end, text.hasPrefix("[") || bare.firstIndex(of: ":") == end else {
            return PoolSource.Server(name: String(bare))
        }
        let rest = bare[end...].drop { $0 == "]" }
        if rest.isEmpty { return PoolSource.Server(name: String(bare[..<end])) }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65535).contains(port) else {
            throw source.wrong("hosts", text, "a name or address, and a port behind a colon")
        }
        return PoolSource.Server(name: String(bare[..<end]), port: port)
    }

    private mutating func readLogin(_ value: Value, of subject: String) throws(Diagnostics) {
        let auth = try StoreArguments(
            value, of: "the login of \(subject)",
            allowed: ["type", "username", "password", "password_command", "password_file", "secret"])
        let user = try auth.required("username")
        let usual: PoolSource.Login.Kind = spec.kind == .rbd ? .ceph : .chap
        let type = try auth.text("type") ?? usual.rawValue
        guard let kind = PoolSource.Login.Kind(rawValue: type) else { throw auth.wrong("type", type, "chap or ceph") }
        if let given = auth["secret"] {
            let secret = try StoreArguments(given, of: "the secret of \(subject)", allowed: ["type", "value"])
            let text = try secret.required("value")
            switch try secret.text("type") ?? "usage" {
            case "uuid": spec.source.login = .init(kind: kind, user: user, secret: .uuid(text))
            case "usage": spec.source.login = .init(kind: kind, user: user, secret: .usage(text))
            case let other: throw secret.wrong("type", other, "uuid or usage")
            }
            return
        }
        spec.source.login = .init(kind: kind, user: user, secret: .usage(Self.usage(spec.name)))
        if let text = try auth.text("password") {
            password = .text(text)
        } else if let command = try auth.text("password_command") {
            password = .command(command)
        } else if let file = try auth.text("password_file") {
            password = .file(file)
        }
    }

    /// How the secret of a pool is called on its host; Salt's name for it.
    package static func usage(_ pool: String) -> String { "pool_\(pool)" }
}

extension PoolSpec.Permissions {
    /// Reads `{mode, owner, group, label}`; the mode is octal, however it is written.
    package init(_ value: Value, of subject: String) throws(Diagnostics) {
        let arguments = try StoreArguments(
            value, of: "the permissions of \(subject)", allowed: ["mode", "owner", "group", "label"])
        self.init(label: try arguments.text("label"))
        if let text = try arguments.text("mode") {
            let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
            guard let number = UInt32(digits, radix: 8), number <= 0o7777 else {
                throw arguments.wrong("mode", text, "an octal mode such as \"0711\"")
            }
            mode = number
        }
        owner = try arguments.identity("owner")
        group = try arguments.identity("group")
    }
}

extension StoreArguments {
    fileprivate func identity(_ key: String) throws(Diagnostics) -> UInt32? {
        guard let text = try text(key) else { return nil }
        guard let number = UInt32(text) else { throw wrong(key, text, "a number: libvirt takes no names here") }
        return number
    }
}

extension PoolSource.Adapter {
    fileprivate init(_ value: Value, of subject: String) throws(Diagnostics) {
        let names = ["name", "parent", "managed", "parent_wwnn", "parent_wwpn", "parent_fabric_wwn", "wwnn", "wwpn"]
        let arguments = try StoreArguments(
            value, of: "the adapter of \(subject)", allowed: ["type", "parent_address"] + names)
        self.init(type: try arguments.text("type") ?? "scsi_host")
        for name in names {
            guard let text = try arguments.text(name) else { continue }
            attributes[name] = arguments[name]?.bool.map { $0 ? "yes" : "no" } ?? text
        }
        guard let parent = arguments["parent_address"] else { return }
        let place = try StoreArguments(
            parent, of: "the parent of the adapter of \(subject)", allowed: ["unique_id", "address"])
        uniqueID = try place.number("unique_id")
        if let text = try place.text("address") {
            guard let address = PCIAddress(text) else { throw place.wrong("address", text, "such as \"0000:00:1f.2\"") }
            parentAddress = address
        }
    }
}
