/// A host's own files: what makes it different from the base root.
enum HostTree {
    /// Makes them, unless they are there: name, machine id, host keys of its own, and the lab's key to get in by.
    static func make(_ host: LabHost, folders: LabFolders) async throws(LabError) {
        let tree = folders.tree(host)
        guard !Disk.exists(tree + "/upper") else { return }
        let fresh = tree + "/fresh"
        try await Disk.removeTree(tree)
        for folder in ["work", "root", "fresh/etc/ssh"] { try Disk.makeFolder("\(tree)/\(folder)") }
        try Disk.makeFolder(fresh + "/root", mode: 0o700)
        try Disk.makeFolder(fresh + "/root/.ssh", mode: 0o700)
        try Disk.write(fresh + "/etc/hostname", host.name + "\n")
        try Disk.write(fresh + "/etc/hosts", hosts(host))
        try Disk.write(fresh + "/etc/machine-id", machineID() + "\n", mode: 0o444)
        let key = Disk.read(folders.key + ".pub") ?? ""
        try Disk.write(fresh + "/root/.ssh/authorized_keys", key, mode: 0o600)
        try await Tool.run(["ssh-keygen", "-A", "-f", fresh])
        try await Tool.run(["mv", "-T", "--", fresh, tree + "/upper"])
    }

    /// As Debian's installer writes it.
    static func hosts(_ host: LabHost) -> String {
        """
        127.0.0.1\tlocalhost
        127.0.1.1\t\(host.name)

        ::1\tlocalhost ip6-localhost ip6-loopback
        ff02::1\tip6-allnodes
        ff02::2\tip6-allrouters

        """
    }

    private static func machineID() -> String {
        (0..<32).map { _ in String(Int.random(in: 0..<16), radix: 16) }.joined()
    }

    /// The public keys of its sshd, without their comments.
    static func publicKeys(_ host: LabHost, folders: LabFolders) -> [String] {
        let folder = folders.sshFolder(host)
        return Disk.list(folder).filter { $0.hasSuffix("_key.pub") }.compactMap { name in
            let words = (Disk.read("\(folder)/\(name)") ?? "").split(separator: " ")
            return words.count > 1 ? "\(words[0]) \(words[1])" : nil
        }
    }
}
