package import Hypervisor
package import Inventory
internal import Values

/// What a migration will do with each file, decided before anything is touched.
package struct MigrationPlan: Sendable {
    package enum Mode: String, Sendable {
        case live
        /// The VM is off: its definition and its files move.
        case offline
    }

    package enum DiskPlan: String, Sendable {
        /// Both hosts see the same: nothing is copied, and nothing may be removed.
        case shared
        /// A read-only drive whose bytes are at the destination already: that file is somebody else's, and stays so.
        case present
        /// Only the top layer is copied, onto equal images over there.
        case overlay
        /// The whole disk is copied.
        case copied
        /// A read-only drive, which libvirt does not copy: it is brought over beforehand.
        case brought
    }

    /// An image that a disk stands on.
    package struct Layer: Sendable {
        package enum Origin: Sendable {
            /// The destination has the same bytes.
            case present
            /// The controller has it.
            case image(StoredImage)
            /// The source's own file is copied.
            case source
        }

        package let path: String
        package let format: String
        /// Bytes of the file.
        package let size: UInt64
        package let origin: Origin
    }

    package struct Disk: Sendable {
        package let target: String
        package let path: String
        package let format: String
        package var plan: DiskPlan
        /// What the top layer that arrives stands on, from the top down.
        package var layers: [Layer] = []
        /// What the guest sees, in bytes.
        package var capacity: UInt64 = 0
        /// Bytes of the file, and what of them takes space at the source.
        package var size: UInt64 = 0
        package var allocated: UInt64 = 0
        package var clusterSize: Int?
        /// The file at the source: its bytes have changed when this has.
        package var stamp = ""
        /// Whether the source's file goes when the VM has: a medium that was not made for this VM stays.
        package var isReleased = true
        /// Whether layers that cannot be had over there are copied into the top one.
        package var isFlattened = false

        /// Whether this operation makes a file of it at the destination: only such may ever be removed.
        package var isMoved: Bool { plan == .overlay || plan == .copied || plan == .brought }
        /// Whether libvirt copies it while the guest runs.
        package var isMirrored: Bool { plan == .overlay || plan == .copied }
        /// Whether something that it stands on is brought over first.
        package var bringsLayers: Bool {
            layers.contains { layer in if case .present = layer.origin { false } else { true } }
        }
    }

    /// What a host keeps of a VM beside its disks.
    package struct StateFile: Sendable {
        package enum Kind: String, Sendable {
            /// The variables of its UEFI.
            case nvram
            /// The directory of its emulated TPM.
            case tpm
        }

        package let kind: Kind
        package let path: String
        package let isMoved: Bool
    }

    package let mode: Mode
    package let vm: String
    package let uuid: String
    package let source: Host
    package let destination: Host
    package var disks: [Disk]
    package let files: [StateFile]
    /// Pools that the destination lacks: directories that are pools at the source.
    package let pools: [PoolSpec]
    package let memoryMiB: Int
    package let autostart: Bool
    /// How memory and disks travel; nil where that is not known, as of what a host cannot do.
    var transfer: MigrationTransfer?

    /// Every disk's target is made beforehand, so that the one flag of libvirt's does for each: an overlay gets its own
    /// bytes, and a disk that stands on nothing has all of its bytes in its top layer.
    package var storage: MigrationRequest.Storage {
        let mirrored = disks.filter(\.isMirrored)
        if mirrored.contains(where: \.isFlattened) { return .full }
        return mirrored.isEmpty ? .shared : .incremental
    }

    /// As reports name it.
    package var storageName: String {
        let moved = disks.filter(\.isMirrored).map(\.plan)
        if moved.contains(.copied) { return "copied" }
        return moved.contains(.overlay) ? "overlay" : "shared"
    }

    /// What the source lets go of when the VM has moved.
    var released: [String] {
        disks.filter { $0.isMoved && $0.isReleased }.map(\.path) + files.filter(\.isMoved).map(\.path)
    }

    /// Layers that linked clones share, and that were copied: the source's go with their last user.
    var releasedLayers: [String] {
        disks.flatMap(\.layers).filter { layer in
            if case .source = layer.origin { FrozenLayer.isOne(layer.path) } else { false }
        }.map(\.path)
    }

    /// In the form the journal keeps.
    var journal: Mapping {
        Mapping([
            ("vm", Value(vm)), ("uuid", Value(uuid)), ("from", Value(source.name)), ("to", Value(destination.name)),
            ("mode", Value(mode.rawValue)), ("autostart", Value(autostart)), ("storage", Value(storageName)),
            ("moved", Value((released + releasedLayers).map { Value($0) })),
            (
                "shared",
                Value(
                    disks.filter { !$0.isMoved }.map { Value($0.path) }
                        + files.filter { !$0.isMoved }.map { Value($0.path) })
            ),
        ])
    }
}
