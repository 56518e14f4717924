internal import ArgumentParser
internal import Fleet
internal import Values

/// What a pool is, as options; each is one of Salt's arguments.
struct PoolOptions: ParsableArguments {
    @Option(help: "Directory where its volumes are, or where it is mounted") var path: String?
    @Option(help: "Mode of the directory, such as 0711") var mode: String?
    @Option(help: "Number of the directory's owner") var owner: String?
    @Option(help: "Number of the directory's group") var group: String?
    @Option(help: "Security label of the directory") var label: String?
    @Option(help: "Device of its source: a disk, an iSCSI target's IQN (repeatable)") var device: [String] = []
    @Option(help: "Exported directory of a network file system") var sourceDir: String?
    @Option(help: "Host of its source, with :PORT if not the usual one (repeatable)") var sourceHost: [String] = []
    @Option(help: "Volume group, Ceph pool, ZFS pool, gluster volume") var sourceName: String?
    @Option(help: "Format of its source: nfs, cifs, lvm2, ext4, gpt, ...") var sourceFormat: String?
    @Option(help: "IQN of the initiator (iscsi, iscsi-direct)") var initiator: String?
    @Option(help: "User to log in as (CHAP, CephX)") var authUser: String?
    @Option(help: "Command that prints the password; it goes into a secret of libvirt's") var authPasswordCommand:
        String?
    @Option(help: "File with the password in its first line") var authPasswordFile: String?
    @Option(help: "UUID of a secret that the host has already") var authSecret: String?

    /// The options that were given, laid over `base`.
    func arguments(over base: Mapping, type: String?) -> Mapping {
        var map = base
        func set(_ key: String, _ text: String?, in map: inout Mapping) {
            if let text { map[key] = Value(text) }
        }
        set("ptype", type, in: &map)
        set("target", path, in: &map)
        var permissions = map["permissions"]?.map ?? Mapping()
        for (key, text) in [("mode", mode), ("owner", owner), ("group", group), ("label", label)] {
            set(key, text, in: &permissions)
        }
        if !permissions.isEmpty { map["permissions"] = Value(permissions) }
        var source = map["source"]?.map ?? Mapping()
        for (key, text) in [
            ("dir", sourceDir), ("name", sourceName), ("format", sourceFormat), ("initiator", initiator),
        ] {
            set(key, text, in: &source)
        }
        if !device.isEmpty { source["devices"] = Value(device.map { Value($0) }) }
        if !sourceHost.isEmpty { source["hosts"] = Value(sourceHost.map { Value($0) }) }
        if let auth = login(over: source["auth"]?.map ?? Mapping()) { source["auth"] = Value(auth) }
        if !source.isEmpty { map["source"] = Value(source) }
        return map
    }

    var hasPassword: Bool { authPasswordCommand != nil || authPasswordFile != nil }

    private func login(over base: Mapping) -> Mapping? {
        var auth = base
        if let authUser { auth["username"] = Value(authUser) }
        if hasPassword || authSecret != nil {
            for key in ["password", "password_command", "password_file", "secret"] { auth.removeValue(forKey: key) }
        }
        if let authPasswordCommand { auth["password_command"] = Value(authPasswordCommand) }
        if let authPasswordFile { auth["password_file"] = Value(authPasswordFile) }
        if let authSecret { auth["secret"] = ["type": "uuid", "value": Value(authSecret)] }
        return auth.isEmpty ? nil : auth
    }
}
