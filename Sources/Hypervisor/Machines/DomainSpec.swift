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
    public struct Display: Sendable, Hashable {
        public enum Kind: String, Sendable, Hashable { case vnc, spice }

        public var kind: Kind
        /// The host's address to listen on.
        public var listen: String
        /// Nil: libvirt picks a port.
        public var port: Int?

        public init(_ kind: Kind = .vnc, listen: String = "127.0.0.1", port: Int? = nil) {
            self.kind = kind
            self.listen = listen
            self.port = port
        }
    }

    public var name: String
    /// Nil: libvirt makes one.
    public var uuid: String?
    public var memoryMiB: Int
    /// How much memory it can be given while it runs: the guest sees it all, and its balloon takes the difference. Nil:
    /// no more than it has.
    public var maxMemoryMiB: Int?
    public var cpus: Int
    /// How many processors it can be given while it runs; nil: no more than it has.
    public var maxCPUs: Int?
    public var accelerator: Accelerator
    public var architecture = "x86_64"
    public var machine = "q35"
    public var cpu: CPU = .standard
    /// Nil: the host's default for the architecture.
    public var emulator: String?
    /// UEFI firmware chosen by libvirt, rather than a BIOS.
    public var isUEFI = false
    /// UEFI that starts signed systems only, with the usual keys enrolled.
    public var hasSecureBoot = false
    /// A TPM 2.0, emulated by swtpm on the host.
    public var hasTPM = false
    /// Threads that serve disks on virtio buses; 0: QEMU's main loop does.
    public var ioThreads = 0
    /// PCI Express ports beyond those in use: what can be plugged into a running q35.
    public var sparePorts = 0
    public var disks: [DiskSpec] = []
    public var interfaces: [InterfaceSpec] = []
    public var hasSerialConsole = true
    public var hasRandomGenerator = true
    public var hasGuestAgentChannel = true
    public var hasMemoryBalloon = true
    public var display: Display?
    public var metadata: DomainMetadata?
    public var details = DomainDetails()

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
