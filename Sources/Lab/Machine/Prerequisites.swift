import Glibc

/// What the machine must have, found out before anything is touched.
enum Prerequisites {
    /// A program and the Debian package that brings it.
    struct Program: Sendable, Hashable {
        let name: String
        let package: String
    }

    static let lab: [Program] = [
        Program(name: "mmdebstrap", package: "mmdebstrap"), Program(name: "apt-get", package: "apt"),
        Program(name: "dpkg-deb", package: "dpkg"), Program(name: "systemd-nspawn", package: "systemd-container"),
        Program(name: "ip", package: "iproute2"), Program(name: "tc", package: "iproute2"),
        Program(name: "nft", package: "nftables"), Program(name: "dnsmasq", package: "dnsmasq-base"),
        Program(name: "ssh-keygen", package: "openssh-client"), Program(name: "ssh-keyscan", package: "openssh-client"),
        Program(name: "unshare", package: "util-linux"), Program(name: "nsenter", package: "util-linux"),
    ]

    static let image: [Program] = [
        Program(name: "apt-get", package: "apt"), Program(name: "dpkg-deb", package: "dpkg"),
        Program(name: "qemu-img", package: "qemu-utils"), Program(name: "mcopy", package: "mtools"),
        Program(name: "syslinux", package: "syslinux"), Program(name: "cpio", package: "cpio"),
        Program(name: "unshare", package: "util-linux"),
    ]

    /// Beside the image's, to find out whether KVM works; without it hosts get none.
    static let probe = [Program(name: "qemu-system-x86_64", package: "qemu-system-x86")]

    /// Bytes that the base root, the packages and some hosts take.
    static let space: UInt64 = 2 << 30

    /// Refuses with everything that is missing for `up`.
    static func checkLab() async throws(LabError) {
        let programs = missing(lab)
        var lacks = needsRoot()
        if lacks.isEmpty, programs.isEmpty { lacks += try await missingFeatures() }
        if let problem = report(programs: programs, others: lacks + missingSpace() + missingSources()) { throw problem }
    }

    /// Refuses with everything that is missing for `image`.
    static func checkImage() throws(LabError) {
        if let problem = report(programs: missing(image), others: needsRoot() + missingSources()) { throw problem }
    }

    /// Refuses whoever is not root.
    static func checkRoot() throws(LabError) {
        if let problem = report(programs: [], others: needsRoot()) { throw problem }
    }

    /// One error that names everything, or nil when nothing is missing.
    static func report(programs: [Program], others: [String]) -> LabError? {
        guard !programs.isEmpty || !others.isEmpty else { return nil }
        let lines = others + programs.map { "\($0.name) (Debian package \($0.package))" }
        let packages = Set(programs.map(\.package)).sorted().joined(separator: " ")
        return LabError(
            .missing, "this machine lacks what a lab needs", detail: lines.joined(separator: "\n"),
            hint: packages.isEmpty ? nil : "apt-get install \(packages)")
    }

    static func missing(_ programs: [Program]) -> [Program] {
        let folders = Tool.path.split(separator: ":")
        return programs.filter { program in
            !folders.contains { access("\($0)/\(program.name)", X_OK) == 0 }
        }
    }

    private static func needsRoot() -> [String] { geteuid() == 0 ? [] : ["root: run it as root, or with sudo"] }

    private static func missingFeatures() async throws(LabError) -> [String] {
        let script = String(decoding: PackageResources.features_sh, as: UTF8.self)
        let folder = ["/var/lib/drover/lab", "/var/lib/drover"].first(where: Disk.exists) ?? "/var/lib"
        let outcome = try await Tool.attempt(
            [
                "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "features.sh",
                folder,
            ])
        guard outcome.succeeded || outcome.problem.isEmpty else {
            return ["namespaces of its own: \(outcome.problem)"]
        }
        return outcome.output.split(separator: "\n").map { "kernel feature: \($0)" }
    }

    private static func missingSpace() -> [String] {
        guard !Disk.list(LabFolders.cache).contains(where: { $0.hasPrefix("base-") }) else { return [] }
        var facts = statvfs()
        guard statvfs("/var", &facts) == 0 else { return [] }
        let free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
        return free >= space ? [] : ["space: \(free >> 20) MiB are free in \"/var\", \(space >> 20) MiB are needed"]
    }

    private static func missingSources() -> [String] {
        AptSources.machine().stanzas.isEmpty
            ? ["a Debian package source in /etc/apt for the release of this machine"] : []
    }
}
