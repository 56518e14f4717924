package import Hypervisor
package import Inventory
package import Values

/// Where images are on the hosts, and who stands on them: asked of all hosts at once.
package struct ImageCopies: Sendable {
    /// A host's copy of an image.
    package struct Copy: Sendable {
        package let volume: VolumeInfo
        /// VMs, running or off, and volumes of nobody that stand on it; sorted.
        package let users: [String]

        /// The first 16 digits of its SHA-256.
        package var digest: String { String(volume.name.dropFirst(ImageCopies.prefix.utf8.count).prefix(16)) }
    }

    static let prefix = "drover-image-"
    /// By host, in the inventory's order.
    package let hosts: [(host: Host, answer: Result<[Copy], HostProblem>)]

    /// - Parameter refreshing: whether libvirt looks again at what stands on them, as it must before any is removed.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, of hosts: [Host]? = nil, refreshing: Bool = false
    ) async {
        let asked = (hosts ?? context.inventory.hosts).filter(\.isHypervisor)
        self.hosts = await HostAnswers(asked, limit: context.parallel, within: context.timeout * 4) { host in
            try await driver.visit(host) { try await Self.read($0, refreshing: refreshing) }
        }.hosts
    }

    /// Whether a volume is one of Drover's images, whole: nothing else may ever be removed as one.
    static func isImage(_ volume: String) -> Bool {
        volume.wholeMatch(of: /drover-image-[0-9a-f]{16}\.(qcow2|raw)/) != nil
    }

    static func read(_ connection: HypervisorConnection, refreshing: Bool) async throws -> [Copy] {
        let use = try await StoreUse.read(connection, refreshing: refreshing)
        return use.volumes.filter { isImage($0.name) }.map { Copy(volume: $0, users: users(of: $0.path, in: use)) }
    }

    /// Who would lose its disk with a volume: the names of VMs, and volumes of nobody; sorted.
    static func users(of path: String, in use: StoreUse) -> [String] {
        Set(use.users(of: [path]).map(\.label)).sorted()
    }
}
