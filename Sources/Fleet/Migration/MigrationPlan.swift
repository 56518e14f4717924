package import Hypervisor
package import Inventory
internal import Values

/// What a migration will do with each disk, decided before anything is touched.
package struct MigrationPlan: Sendable {
    package enum DiskPlan: String, Sendable {
        /// Both hosts see the same file: nothing is copied, and nothing may be removed.
        case shared
        /// Only the overlay is copied, onto the equal base image over there.
        case overlay
        /// The whole disk is copied.
        case copied
        /// A read-only drive, which libvirt does not copy: it is brought over beforehand.
        case brought
    }

    package struct Disk: Sendable {
        package let target: String
        package let path: String
        package let format: String
        package var plan: DiskPlan
        /// The base image below an overlay.
        package let base: String?
        package let baseFormat: String?
        /// That base where the destination lacks it and the controller has it: it is brought over first.
        package let missingBase: StoredImage?
        /// What the guest sees, in bytes.
        package let capacity: UInt64

        /// Whether this operation makes a file of it at the destination: only such may ever be removed.
        package var isMoved: Bool { plan != .shared }
    }

    package let vm: String
    package let uuid: String
    package let source: Host
    package let destination: Host
    package var disks: [Disk]
    /// Pools that the destination lacks: directories that are pools at the source.
    package let pools: [PoolSpec]
    package let memoryMiB: Int
    package let autostart: Bool
    /// How memory and disks travel; nil where that is not known, as of what a host cannot do.
    var transfer: MigrationTransfer?

    /// One flag holds for all disks of a migration: one that must be copied whole makes all copied whole.
    package var storage: MigrationRequest.Storage {
        let writable = disks.filter { $0.plan != .brought }.map(\.plan)
        if writable.contains(.copied) { return .full }
        return writable.contains(.overlay) ? .incremental : .shared
    }

    /// As reports name it.
    package var storageName: String {
        switch storage {
        case .shared: "shared"
        case .full: "copied"
        case .incremental: "overlay"
        }
    }

    /// The moved files, in the form the journal keeps.
    var journal: Mapping {
        Mapping([
            ("vm", Value(vm)), ("uuid", Value(uuid)), ("from", Value(source.name)), ("to", Value(destination.name)),
            ("autostart", Value(autostart)), ("storage", Value(storageName)),
            ("moved", Value(disks.filter(\.isMoved).map { Value($0.path) })),
            ("shared", Value(disks.filter { !$0.isMoved }.map { Value($0.path) })),
        ])
    }
}
