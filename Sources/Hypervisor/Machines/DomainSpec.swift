/// A domain to be defined.
public struct DomainSpec: Sendable, Hashable {
    /// What runs the guest's processors.
    public enum Accelerator: String, Sendable, Hashable {
        case kvm
        /// QEMU's own emulation, where the host has no usable KVM.
        case emulation = "qemu"
    }

    /// The processor that the guest sees.
    public enum CPU: Sendable, Hashable {
        /// What can be moved between equal hosts: the host's model under KVM, and Nehalem (the x86-64-v2 level, every
        /// feature of which QEMU emulates) under emulation.
        case standard
        /// The nearest model to the host's own.
        case hostModel
        /// The host's own, which only an equal host can take over.
        case hostPassthrough
        /// A model by libvirt's name, such as `Skylake-Client`.
        case model(String)
        /// A whole `<cpu>` element, such as a baseline computed over several hosts.
        case element(XMLElement)
    }

    /// A remote display.
    public struct VNC: Sendable, Hashable {
        /// The host's address to listen on.
        public var listen: String
        /// Nil: libvirt picks a port.
        public var port: Int?

        public init(listen: String = "127.0.0.1", port: Int? = nil) {
            self.listen = listen
            self.port = port
        }
    }

    public var name: String
    /// Nil: libvirt makes one.
    public var uuid: String?
    public var memoryMiB: Int
    public var cpus: Int
    public var accelerator: Accelerator
    public var architecture = "x86_64"
    public var machine = "q35"
    public var cpu: CPU = .standard
    /// Nil: the host's default for the architecture.
    public var emulator: String?
    /// UEFI firmware chosen by libvirt, rather than a BIOS.
    public var isUEFI = false
    public var disks: [DiskSpec] = []
    public var interfaces: [InterfaceSpec] = []
    public var hasSerialConsole = true
    public var hasRandomGenerator = true
    public var hasGuestAgentChannel = true
    public var hasMemoryBalloon = true
    public var vnc: VNC?
    public var metadata: DomainMetadata?

    public init(
        name: String, uuid: String? = nil, memoryMiB: Int, cpus: Int, accelerator: Accelerator,
        disks: [DiskSpec] = [], interfaces: [InterfaceSpec] = [], metadata: DomainMetadata? = nil
    ) {
        self.name = name
        self.uuid = uuid
        self.memoryMiB = memoryMiB
        self.cpus = cpus
        self.accelerator = accelerator
        self.disks = disks
        self.interfaces = interfaces
        self.metadata = metadata
    }
}

/// A disk of a domain to be defined.
public struct DiskSpec: Sendable, Hashable {
    public enum Device: String, Sendable, Hashable {
        case disk, cdrom
    }

    public var source: DiskSource
    public var format: String
    public var device: Device
    /// `virtio`, `sata`, `scsi`, `usb`.
    public var bus: String
    /// libvirt's cache mode; `none` is what shared storage needs to move live. Nil: QEMU's default.
    public var cache: String?
    /// Pass the guest's discards on to the storage.
    public var discard: Bool
    public var isReadOnly: Bool
    public var isShareable: Bool
    public var serial: String?

    public init(
        source: DiskSource, format: String = "qcow2", device: Device = .disk, bus: String = "virtio",
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

/// A network interface of a domain to be defined.
public struct InterfaceSpec: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        /// A bridge of the host.
        case bridge(String)
        /// A network of libvirt's.
        case network(String)
        /// QEMU's own network stack: out only, needs no rights.
        case user
    }

    public var source: Source
    public var mac: MACAddress
    public var model: String

    public init(source: Source, mac: MACAddress = .random(), model: String = "virtio") {
        self.source = source
        self.mac = mac
        self.model = model
    }
}
