/// A disk of a domain to be defined.
public struct DiskSpec: Sendable, Hashable {
    public enum Device: String, Sendable, Hashable {
        case disk, cdrom, floppy
    }

    /// Nil: a drive with nothing in it.
    public var source: DiskSource?
    public var format: String
    public var device: Device
    /// `virtio`, `sata`, `scsi`, `usb`; `fdc` for floppies.
    public var bus: String
    /// libvirt's cache mode; `none` is what shared storage needs to move live. Nil: QEMU's default.
    public var cache: String?
    /// How requests are handed to the host: `native`, `threads`, `io_uring`. Nil: QEMU's default.
    public var io: String?
    /// Pass the guest's discards on to the storage.
    public var discard: Bool
    public var isReadOnly: Bool
    public var isShareable: Bool
    public var serial: String?
    /// Served by the domain's I/O threads, where it has any and the bus can.
    public var usesIOThread = true
    /// Which of them, from 1.
    public var ioThread = 1
    /// Its turn when the firmware looks for a system, from 1; nil: never.
    public var bootOrder: Int?

    public init(
        source: DiskSource?, format: String = "qcow2", device: Device = .disk, bus: String = "virtio",
        cache: String? = nil, discard: Bool = true, isReadOnly: Bool = false, isShareable: Bool = false,
        serial: String? = nil
    ) {
        self.source = source
        self.format = format
        self.device = device
        self.bus = bus
        self.cache = cache
        self.discard = discard
        self.isReadOnly = isReadOnly
        self.isShareable = isShareable
        self.serial = serial
    }

    /// The ISO image with the first-boot configuration: a read-only drive on virtio-scsi, because the kernels of cloud
    /// images (Debian's, for one) have no driver for a SATA controller.
    public static func seed(_ path: String) -> DiskSpec {
        DiskSpec(source: .file(path), format: "raw", device: .cdrom, bus: "scsi", discard: false, isReadOnly: true)
    }
}
