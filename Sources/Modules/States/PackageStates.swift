internal import States
internal import Values

private let wanted: [Parameter] = [
    Parameter("pkgs", .packages, "several packages: names, or {name: version}; the name alone if left out"),
    Parameter("version", .text, "exact, or after an operator: \">=1.2\""),
]

let packageStates: [StateFunction] = [
    StateFunction(
        "pkg", "installed", "Packages are installed, in the versions asked for.", [.package],
        wanted + [
            Parameter(
                "refresh", .truth, "fetch the package lists first; only if there are none or a package is unknown"),
            Parameter("install_recommends", .truth, "with what Debian recommends beside them; as apt is configured"),
            Parameter("skip_verify", .truth, "accept packages that nobody signed; false"),
            Parameter("fromrepo", .text, "the release (apt) or repository (dnf) to take them from"),
            Parameter("hold", .ignored, "packages are not held"),
        ], plan: planInstalled),
    StateFunction("pkg", "removed", "Packages are not installed; their configuration may stay.", [.package], wanted) {
        planRemoved(&$0, verb: "remove")
    },
    StateFunction("pkg", "purged", "Packages and their configuration are gone.", [.package], wanted) {
        planRemoved(&$0, verb: "purge")
    },
]

private func isPackageName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first != UInt8(ascii: "-") else { return false }
    return name.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789+-._:~()@".unicodeScalars.contains($0))
    }
}

/// The packages that a state names, with their versions.
private func packages(_ planner: inout StatePlanner) -> [(name: String, version: String)] {
    var list: [(String, String)] = []
    if let value = planner.argument("pkgs") {
        guard let items = value.list else {
            planner.wrong("pkgs", value, expected: "a list of names")
            return []
        }
        for item in items {
            if let map = item.map {
                for (key, version) in map {
                    list.append((key.scalarText ?? "", version.raw ?? version.scalarText ?? ""))
                }
            } else if let name = item.scalarText {
                list.append((name, ""))
            } else {
                planner.wrong("pkgs", item, expected: "a package's name or {name: version}")
            }
        }
    } else {
        list = [(planner.chunk.name, planner.text("version", default: ""))]
    }
    for (name, version) in list where !isPackageName(name) || !planner.isClean(version) {
        planner.refuse("\"\(name)\" is no package name", at: planner.argument("pkgs") == nil ? "name" : "pkgs")
    }
    return list
}

private func words(_ planner: inout StatePlanner) -> [String] {
    packages(&planner).flatMap { package in
        [String(planner.registers.package(package.name)), package.name, package.version]
    }
}

/// The package tool of the host's family; a problem if there is none that states know.
enum PackageTool {
    static func of(_ facts: Mapping) -> String? {
        switch facts["os_family"]?.string {
        case "Debian": "apt"
        case "RedHat", "Suse": facts["os_family"]?.string == "RedHat" ? "rpm" : nil
        default: nil
        }
    }
}

private func requireTool(_ planner: inout StatePlanner) -> String? {
    if let tool = PackageTool.of(planner.facts) { return tool }
    let family = planner.facts["os_family"]?.string ?? "an unknown family"
    planner.refuse(
        "\(planner.title) does not know the packages of \(family)",
        detail: "it knows apt (Debian) and dnf or yum (RedHat)")
    return nil
}

@Sendable private func planInstalled(_ planner: inout StatePlanner) {
    guard let tool = requireTool(&planner) else { return }
    var options: [String] = []
    if let recommends = planner.truth("install_recommends") {
        options.append(recommends ? "--install-recommends" : "--no-install-recommends")
    }
    if planner.truth("skip_verify", default: false) { options.append("--allow-unauthenticated") }
    if let release = planner.text("fromrepo") {
        guard isPackageName(release) else {
            planner.refuse("\"\(release)\" is no name of a release", at: "fromrepo")
            return
        }
        options.append("--target-release=\(release)")
    }
    if planner.argument("version") != nil || planner.argument("pkgs")?.list?.contains(where: { $0.map != nil }) == true
    {
        options.append("--allow-downgrades")
    }
    planner.assign("apt_options", tool == "apt" ? options.joined(separator: " ") : "")
    let refresh = planner.truth("refresh")
    planner.assign("refresh", refresh.map { $0 ? "1" : "no" } ?? "0")
    planner.call("pkg_installed", words(&planner))
}

private func planRemoved(_ planner: inout StatePlanner, verb: String) {
    guard requireTool(&planner) != nil else { return }
    planner.assign("remove_verb", verb)
    planner.call("pkg_removed", words(&planner))
}
