internal import States
internal import Values

let keyStates: [StateFunction] = [
    StateFunction(
        "virt", "keys", "libvirt's and QEMU's certificates and keys are in place and up to date.", [.file, .keys],
        [
            Parameter("basepath", .text, "where they lie; /etc/pki"),
            Parameter("country", .text, "in the subject of the certificates"),
            Parameter("state", .text, "in the subject of the certificates"),
            Parameter("locality", .text, "in the subject of the certificates"),
            Parameter("organization", .text, "in the subject of the certificates"),
            Parameter("expiration_days", .number, "how long the certificates are good; 365"),
        ], plan: planKeys)
]

@Sendable private func planKeys(_ planner: inout StatePlanner) {
    guard let keys = planner.materials.virtKeys else {
        planner.refuse(
            "virt.keys has nothing to deliver: this fleet has no authority",
            hint: "make one with \"drover pki init\"")
        return
    }
    guard Receiver.isName(keys.version) else {
        planner.refuse("\"\(keys.version)\" is no name for a version of keys")
        return
    }
    let base = planner.absolutePath(planner.text("basepath", default: "/etc/pki"), key: "basepath") ?? "/etc/pki"
    planner.run.append("find_qemu_group")
    planner.call("begin_keys", [base, keys.version])
    for file in keys.files {
        let place = KeyPlace(file, base: base)
        let number = planner.registers.path(place.link, hashed: true)
        var blob = "\(file.sha256).blob"
        if let content = file.content {
            var bundled = BundleFile(
                path: place.link, content: content, sha256: file.sha256, isSecret: place.isSecret)
            // A plane is exchanged whole: its other files may be needed though they are in place.
            bundled.isExposed = true
            blob = bundled.blob
            planner.files.append(bundled)
        }
        planner.call(
            "key_file",
            [
                String(number), file.plane.rawValue, place.title, place.link, place.target, place.file, file.sha256,
                blob,
                place.mode, place.group,
            ])
    }
    planner.run.append("virt_keys")
    planner.again = nil
}

/// Where a file of the authority's goes.
package struct KeyPlace: Sendable {
    /// What results call it: Salt's names for libvirt's own.
    package let title: String
    /// The path that libvirt or QEMU reads.
    package let link: String
    /// What the link holds: relative, through the one link that is exchanged.
    package let target: String
    /// The file's name in a version folder.
    package let file: String
    package let mode: String
    /// `root`, or `qemu` for the group that QEMU runs as.
    package let group: String
    package let isSecret: Bool

    package init(_ key: VirtKeyFile, base: String) {
        let role = key.role
        isSecret = role == .serverkey || role == .clientkey
        switch key.plane {
        case .api:
            title = role.rawValue
            file = "\(role.rawValue).pem"
            mode = isSecret ? "0600" : "0644"
            group = "root"
            switch role {
            case .cacert, .cacrl:
                link = "\(base)/CA/\(file)"
                target = "../libvirt/current/\(file)"
            case .serverkey, .clientkey:
                link = "\(base)/libvirt/private/\(file)"
                target = "../current/\(file)"
            case .servercert, .clientcert:
                link = "\(base)/libvirt/\(file)"
                target = "current/\(file)"
            }
        case .data:
            title = "qemu-\(role.rawValue)"
            let names: [VirtKeyFile.Role: String] = [
                .cacert: "ca-cert", .cacrl: "ca-crl", .servercert: "server-cert", .serverkey: "server-key",
                .clientcert: "client-cert", .clientkey: "client-key",
            ]
            file = "\(names[role] ?? role.rawValue).pem"
            link = "\(base)/qemu/\(file)"
            target = "current/\(file)"
            mode = isSecret ? "0640" : "0644"
            group = isSecret ? "qemu" : "root"
        }
    }
}
