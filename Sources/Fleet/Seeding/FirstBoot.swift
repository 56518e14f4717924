internal import Hypervisor
package import Inventory
package import Values

/// What a VM is told at its first boot.
package struct FirstBoot: Sendable {
    /// What makes this instance another than the last of its name.
    let instance: String
    let spec: MachineSpec
    /// With the MAC address of each.
    let nics: [NICRequest]
    let login: GuestLogin
    /// Nil where the user-data brings its own, or nothing is told.
    let hostKey: GuestKey?
    /// The host key that it will show, as it is noted in the domain.
    package let publicHostKey: String?

    /// Whether it is written into the disk before the VM starts.
    var isOffline: Bool { spec.seed == .guestfs || spec.seed == .nbd }

    /// Keys that may log in: those that were asked for, and Drover's own.
    var authorizedKeys: [String] { spec.sshKeys + login.keys.filter { !spec.sshKeys.contains($0) } }

    /// The files of a NoCloud seed.
    /// - Throws: diagnostics for a user-data or a network-config that cannot be read.
    func pieces() throws(Diagnostics) -> [(name: String, text: String)] {
        let meta = YAML.write(["instance-id": Value(instance), "local-hostname": Value(spec.name)])
        var files = [("meta-data", meta)]
        files.append(("user-data", try UserData(spec.userData).text(with: ownConfig)))
        if let network = try networkConfig() { files.append(("network-config", network)) }
        return files
    }

    private func networkConfig() throws(Diagnostics) -> String? {
        guard let given = spec.networkConfig else { return NetworkConfig(nics).text }
        _ = try YAML.read(SourceText(name: "network-config", text: given))
        return given
    }

    /// What Drover itself asks of cloud-init.
    var ownConfig: Mapping {
        var config = Mapping([("hostname", Value(spec.name)), ("preserve_hostname", false)])
        let keys = Value(authorizedKeys.map { Value($0) })
        if !authorizedKeys.isEmpty { config["ssh_authorized_keys"] = keys }
        if login.user == "root" {
            // Else images let root log in only to be told to log in as somebody else.
            config["disable_root"] = false
        } else {
            let own: Value = [
                "name": Value(login.user), "sudo": "ALL=(ALL) NOPASSWD:ALL", "shell": "/bin/sh", "lock_passwd": true,
                "ssh_authorized_keys": keys,
            ]
            config["users"] = ["default", own]
        }
        if let hostKey {
            config["ssh_keys"] = [
                "ed25519_private": Value(hostKey.privateText), "ed25519_public": Value(hostKey.publicText),
            ]
        }
        if !spec.files.isEmpty { config["write_files"] = Value(spec.files.map(Self.file)) }
        return config
    }

    private static func file(_ file: SeedFile) -> Value {
        [
            "path": Value(file.path), "content": Value(file.contents), "permissions": Value(file.mode),
            "owner": Value(file.owner),
        ]
    }
}

extension FirstBoot {
    /// - Parameters:
    ///   - instance: the VM's UUID.
    ///   - nics: as libvirt is told of them, each with its MAC address.
    ///   - host: the VM as a host: whose login it has to allow.
    ///   - key: of ``ownKey(for:)``.
    /// - Throws: diagnostics for a user-data that cannot be read.
    init(_ spec: MachineSpec, instance: String, nics: [NICRequest], host: Host, key: GuestKey?) throws {
        try OfflineSeed.check(spec, nics: nics)
        let given = try UserData(spec.userData).givenHostKey()
        self.init(
            instance: instance, spec: spec, nics: nics, login: GuestLogin(host), hostKey: key,
            publicHostKey: given ?? key?.publicText)
    }

    /// A new host key; nil where the user-data brings its own, or nothing is told.
    /// - Throws: diagnostics for a user-data that cannot be read.
    static func ownKey(for spec: MachineSpec) async throws -> GuestKey? {
        guard spec.seed != .none, try UserData(spec.userData).givenHostKey() == nil else { return nil }
        return try await GuestKey.make()
    }
}
