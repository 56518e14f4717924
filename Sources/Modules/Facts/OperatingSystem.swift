internal import Values

/// The distribution, under the names that Salt gives to it and to its parts.
struct OperatingSystem {
    private let release: [String: String]
    private let debianVersion: String?

    init(_ raw: RawFacts) {
        release = raw.assignments(["/etc/os-release", "/usr/lib/os-release"])
        debianVersion = raw.line("/etc/debian_version")
    }

    /// Salt's `os` of an os-release ID.
    private static let names = [
        "debian": "Debian", "ubuntu": "Ubuntu", "raspbian": "Raspbian", "linuxmint": "Mint", "devuan": "Devuan",
        "kali": "Kali", "pop": "Pop", "elementary": "elementary OS", "neon": "KDE neon", "deepin": "Deepin",
        "rhel": "RedHat", "centos": "CentOS", "fedora": "Fedora", "rocky": "Rocky", "almalinux": "AlmaLinux",
        "ol": "OEL", "amzn": "Amazon", "scientific": "ScientificLinux", "cloudlinux": "CloudLinux",
        "eurolinux": "EuroLinux", "virtuozzo": "Virtuozzo", "openEuler": "openEuler", "mageia": "Mageia",
        "opensuse": "SUSE", "opensuse-leap": "SUSE", "opensuse-tumbleweed": "SUSE", "sles": "SUSE", "sled": "SUSE",
        "arch": "Arch", "manjaro": "Manjaro", "gentoo": "Gentoo", "alpine": "Alpine", "void": "Void",
        "slackware": "Slackware", "nixos": "NixOS",
    ]

    /// Salt's `os_family` of an `os`; others are their own family.
    private static let families = [
        "Ubuntu": "Debian", "Raspbian": "Debian", "Mint": "Debian", "Devuan": "Debian", "Kali": "Debian",
        "Pop": "Debian", "elementary OS": "Debian", "KDE neon": "Debian", "Deepin": "Debian", "CentOS": "RedHat",
        "Fedora": "RedHat", "Rocky": "RedHat", "AlmaLinux": "RedHat", "OEL": "RedHat", "Amazon": "RedHat",
        "ScientificLinux": "RedHat", "CloudLinux": "RedHat", "EuroLinux": "RedHat", "Virtuozzo": "RedHat",
        "openEuler": "RedHat", "Mageia": "RedHat", "SUSE": "Suse", "Manjaro": "Arch",
    ]

    func add(to facts: inout Mapping) {
        let id = release["ID"] ?? "unknown"
        let os = Self.names[id] ?? release["NAME"] ?? id
        facts["os"] = Value(os)
        facts["os_family"] = Value(family(os))
        let fullName = release["NAME"] ?? os
        facts["osfullname"] = Value(fullName)
        let version = release["VERSION_ID"] ?? debianVersion?.split(separator: "/").first.map(String.init) ?? ""
        facts["osrelease"] = Value(version)
        let parts = version.split(separator: ".").map(String.init)
        facts["osrelease_info"] = Value(parts.map { part in Int(part).map { Value($0) } ?? Value(part) })
        let major = parts.first ?? ""
        facts["osmajorrelease"] = Int(major).map { Value($0) } ?? Value(major)
        facts["oscodename"] = Value(codename)
        // Salt names a few by their short name here, and Ubuntu by its whole release.
        let name = ["Debian", "Raspbian"].contains(os) ? os : fullName
        facts["osfinger"] = Value("\(name)-\(name == "Ubuntu" ? version : major)")
        facts["osarch"] = Value(architecture(facts["cpuarch"]?.string ?? "", os: os))
    }

    /// An unknown distribution is of the family of what it says it is like.
    private func family(_ os: String) -> String {
        if let family = Self.families[os] { return family }
        guard Self.names[release["ID"] ?? ""] == nil else { return os }
        for like in (release["ID_LIKE"] ?? "").split(separator: " ") {
            if let parent = Self.names[String(like)] { return Self.families[parent] ?? parent }
        }
        return os
    }

    private var codename: String {
        if let name = release["VERSION_CODENAME"], !name.isEmpty { return name }
        for text in [release["VERSION"], release["PRETTY_NAME"]] {
            guard let text, let open = text.firstIndex(of: "("), let close = text[open...].firstIndex(of: ")") else {
                continue
            }
            return String(text[text.index(after: open)..<close])
        }
        return release["PRETTY_NAME"] ?? ""
    }

    private func architecture(_ machine: String, os: String) -> String {
        guard family(os) == "Debian" else { return machine }
        return ["x86_64": "amd64", "aarch64": "arm64", "i686": "i386", "armv7l": "armhf"][machine] ?? machine
    }
}
