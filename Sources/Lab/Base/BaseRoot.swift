/// The root that all hosts start from, and the package repository that goes with it.
struct BaseRoot: Sendable, Hashable {
    /// The unpacked root; never written to.
    let root: String
    /// Debian packages with an index, bound read-only into each host as /srv/repo.
    let repository: String

    /// What a bare host has: a booting system, a real sshd, and the means to bring its network up by itself.
    static let packages = [
        "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "iproute2", "iputils-ping", "kmod", "udev",
        "ifupdown", "isc-dhcp-client", "busybox",
    ]

    /// What hosts can install, beside all that these need.
    static let offered = [
        "libvirt-daemon-system", "libvirt-clients", "qemu-system-x86", "qemu-utils", "qemu-block-extra", "nftables",
        "dnsmasq-base", "bridge-utils", "dmidecode", "ovmf", "swtpm", "swtpm-tools", "netcat-openbsd", "sudo", "curl",
        "rsync", "ethtool",
        "hello", "libvirt-daemon-driver-lxc", "libvirt-daemon-driver-storage-iscsi-direct", "tgt",
    ]

    /// Takes both from the cache, or makes them by downloading from the machine's own mirrors.
    /// - Parameter backports: whether hosts get QEMU from the release's backports.
    static func prepare(backports: Bool, progress: LabProgress) async throws(LabError) -> BaseRoot {
        let sources = AptSources.machine()
        let script = BuildScript(name: "base.sh", bytes: PackageResources.base_sh)
        let recipe = [script.text, sources.codename] + packages
        let root = try await Cache.directory("base", recipe: recipe, progress: progress) {
            (out, work) throws(LabError) in
            progress("making the base root of Debian \(sources.codename)")
            let list = try sources.write(in: work)
            try await script.run(
                [out, work, Cache.packageFiles, sources.codename, list, packages.joined(separator: ",")])
        }
        let index = BuildScript(name: "repository.sh", bytes: PackageResources.repository_sh)
        let suite = backports ? "\(sources.codename)-backports" : ""
        let repository = try await Cache.directory(
            "repo", recipe: recipe + [index.text] + offered + [suite], progress: progress
        ) {
            (out, work) throws(LabError) in
            progress("downloading the hosts' packages")
            let list = try (backports ? sources.withBackports : sources).write(in: work)
            try await index.run([root, work, Cache.packageFiles, out, list, suite] + offered)
        }
        return BaseRoot(root: root, repository: repository)
    }
}

/// A script that fills a directory of the cache.
struct BuildScript: Sendable {
    let name: String
    let text: String

    init(name: String, bytes: [UInt8]) {
        self.name = name
        text = String(decoding: PackageResources.apt_sh + bytes, as: UTF8.self)
    }

    /// Runs it where whatever it mounts or starts ends with it.
    func run(_ arguments: [String]) async throws(LabError) {
        let words =
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", text, name]
            + arguments
        let outcome = try await Tool.attempt(words)
        guard outcome.succeeded else { throw LabError(.tool, "\"\(name)\" failed", detail: outcome.problem) }
    }
}
