package import Inventory
package import Values

/// What kind of hypervisor a host's URI asks libvirt for.
package enum HypervisorKind: String, Sendable, Hashable, CaseIterable {
    /// QEMU and KVM: complete.
    case qemu
    /// Linux containers through libvirt.
    case lxc
    case xen
    /// libvirt's own driver for tests: shapes without machines.
    case test

    /// As sentences name it.
    package var title: String {
        switch self {
        case .qemu: "QEMU"
        case .lxc: "LXC"
        case .xen: "Xen"
        case .test: "test"
        }
    }
}

/// What may be asked of a hypervisor besides listing, starting and stopping.
package enum HypervisorAbility: String, Sendable, Hashable, CaseIterable {
    /// VMs with disks, made from an image or empty.
    case disks
    /// Containers, made from a root tree.
    case rootTree
    case liveMigration, offlineMigration, snapshots, pause, save, display, screenshot, liveChange, console
    /// Volumes that are uploaded and downloaded.
    case transfer
    /// An agent or a first-boot image inside.
    case firstBoot

    /// What it is called where it is refused.
    var title: String {
        switch self {
        case .disks: "machines with disks"
        case .rootTree: "containers from a root tree"
        case .liveMigration: "live migration"
        case .offlineMigration: "migration"
        case .snapshots: "snapshots"
        case .pause: "pause"
        case .save: "saving of a guest's memory"
        case .display: "display"
        case .screenshot: "screenshots"
        case .liveChange: "change of devices while it runs"
        case .console: "console"
        case .transfer: "transfer of volumes"
        case .firstBoot: "first-boot configuration"
        }
    }
}

extension HypervisorKind {
    /// What Drover does with each driver; what is not here is refused before anything is done.
    private static let abilities: [HypervisorKind: Set<HypervisorAbility>] = [
        .qemu: Set(HypervisorAbility.allCases).subtracting([.rootTree]),
        .lxc: [.rootTree, .pause, .console],
        .xen: [.pause, .save, .console],
        .test: [.pause, .save, .snapshots, .liveChange, .disks],
    ]

    package func can(_ ability: HypervisorAbility) -> Bool { Self.abilities[self]?.contains(ability) == true }

    /// What would be needed, or what does instead.
    private func advice(_ ability: HypervisorAbility) -> String? {
        switch (self, ability) {
        case (.lxc, .liveMigration), (.lxc, .offlineMigration):
            "stop it, and create it on the other host from the same root tree"
        case (.lxc, .disks): "give it a root tree (--root-tree), or use a host whose driver is qemu"
        case (.lxc, .snapshots): "the root tree is an ordinary directory: copy it while the container is off"
        case (.lxc, .save): "stop it; a container keeps nothing but its root tree"
        case (.lxc, .liveChange): "stop it, change it, and start it again"
        case (.lxc, .transfer): "copy files into its root tree: `drover host copy`"
        case (.lxc, .display), (.lxc, .screenshot): "a container has a console: `drover vm console`"
        case (.lxc, .firstBoot): "put files into the root tree"
        case (.qemu, .rootTree): "use a host whose uri is lxc:///, or make an image of it"
        case (.xen, _): "use a host whose driver is qemu; Drover writes no definitions for Xen"
        case (.test, _): "use a host whose driver is qemu"
        default: nil
        }
    }

    /// - Throws: why this driver cannot, and what would be needed.
    package func require(_ ability: HypervisorAbility, on host: String) throws(Diagnostics) {
        if can(ability) { return }
        throw Diagnostics(.error("the \(title) driver has no \(ability.title)", hint: advice(ability), host: host))
    }
}

extension Host {
    /// The driver that its `uri` names; QEMU where it has none.
    /// - Throws: for a driver that Drover does not know.
    package func hypervisorKind() throws(Diagnostics) -> HypervisorKind {
        guard let uri else { return .qemu }
        let scheme = String(uri.prefix { $0 != "+" && $0 != ":" })
        if let kind = HypervisorKind(rawValue: scheme) { return kind }
        throw Diagnostics(
            .error(
                "there is no driver \"\(scheme)\" for hypervisors", detail: "the host's uri is \"\(uri)\"",
                hint: NearestName.hint(for: scheme, among: HypervisorKind.allCases.map(\.rawValue))
                    ?? "drivers are \(HypervisorKind.allCases.map(\.rawValue).joined(separator: ", "))", host: name))
    }

    /// - Throws: why this host's hypervisor cannot, and what would be needed.
    package func require(_ ability: HypervisorAbility) throws(Diagnostics) {
        try hypervisorKind().require(ability, on: name)
    }
}
