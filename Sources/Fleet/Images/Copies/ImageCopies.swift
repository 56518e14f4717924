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

    /// - Parameter seconds: how long a host may take; one that takes longer is reported for that.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, of hosts: [Host]? = nil, seconds: Int = 30
    ) async {
        let asked = (hosts ?? context.inventory.hosts).filter(\.isHypervisor)
        self.hosts = await HostAnswers(asked, limit: context.parallel) { host in
            // Whatever hangs there: a call to libvirt cannot be called off.
            let limit = Duration.seconds(seconds)
            let answer: Result<[Copy], any Error>? = await within(limit) {
                do {
                    return .success(try await driver.visit(host) { try await Self.read($0) })
                } catch {
                    return .failure(error)
                }
            }
            guard let answer else { throw HostProblem.silent(host, after: limit) }
            return try answer.get()
        }.hosts
    }

    /// Whether a volume is one of Drover's images, whole: nothing else may ever be removed as one.
    static func isImage(_ volume: String) -> Bool {
        volume.wholeMatch(of: /drover-image-[0-9a-f]{16}\.(qcow2|raw)/) != nil
    }

    static func read(_ connection: HypervisorConnection) async throws -> [Copy] {
        var volumes: [VolumeInfo] = []
        for pool in try await connection.pools() where pool.isActive {
            volumes += try await connection.volumes(in: pool.name)
        }
        let machines = try await connection.storeReferences()
        return volumes.filter { isImage($0.name) }.map { image in
            Copy(volume: image, users: users(of: image, volumes, machines))
        }
    }

    /// Who would lose its disk with a volume.
    static func users(of image: VolumeInfo, _ volumes: [VolumeInfo], _ machines: [StoreReferences]) -> [String] {
        func isUsed(_ volume: VolumeInfo, by machine: StoreReferences) -> Bool {
            machine.paths.contains(volume.path)
                || machine.volumes.contains { $0.pool == volume.pool && $0.name == volume.name }
        }
        var found = Set(machines.filter { isUsed(image, by: $0) }.map(\.domain))
        // Layers above layers: each is looked at once.
        var layers = [image]
        var seen: Set<String> = [image.path]
        while let layer = layers.popLast() {
            for above in volumes where above.backing?.path == layer.path && seen.insert(above.path).inserted {
                layers.append(above)
                let owners = machines.filter { isUsed(above, by: $0) }.map(\.domain)
                if owners.isEmpty && !volumes.contains(where: { $0.backing?.path == above.path }) {
                    found.insert("volume \(above.name)")
                }
                found.formUnion(owners)
            }
        }
        return found.sorted()
    }
}
