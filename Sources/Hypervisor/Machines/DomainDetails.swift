/// What few domains need said: memory's place, clocks, ports, devices of the host, a kernel of the host.
public struct DomainDetails: Sendable, Hashable {
    /// From which NUMA nodes of the host memory comes.
    public struct MemoryPolicy: Sendable, Hashable {
        /// Of one NUMA cell of the guest.
        public struct Cell: Sendable, Hashable {
            public var id: Int
            /// `strict`, `preferred`, `interleave` or `restrictive`.
            public var mode: String
            /// As libvirt writes it: `0-3,^1`.
            public var nodes: String

            public init(id: Int, mode: String, nodes: String) {
                self.id = id
                self.mode = mode
                self.nodes = nodes
            }
        }

        public var mode: String?
        public var nodes: String?
        public var cells: [Cell]

        public init(mode: String?, nodes: String?, cells: [Cell] = []) {
            self.mode = mode
            self.nodes = nodes
            self.cells = cells
        }
    }

    /// What the guest's clock begins with.
    public enum ClockOffset: Sendable, Hashable {
        case utc, localtime
        /// A zone's name, such as `Europe/Berlin`.
        case timezone(String)
        /// Seconds from UTC or the host's time, or `reset`.
        case variable(adjustment: String, fromLocalTime: Bool)
    }

    /// One of the guest's timers.
    public struct Timer: Sendable, Hashable {
        public var name: String
        /// `tickpolicy`, `track`, `mode`, `frequency`, `present`.
        public var attributes: [String: String]
        /// `threshold`, `slew`, `limit` of catching up.
        public var catchUp: [String: String]

        public init(_ name: String, _ attributes: [String: String] = [:], catchUp: [String: String] = [:]) {
            self.name = name
            self.attributes = attributes
            self.catchUp = catchUp
        }
    }

    /// A serial port or a console.
    public struct Port: Sendable, Hashable {
        /// `pty`, `tcp`, `udp`, `unix`, `file`, `dev`, `pipe`, ...
        public var type: String
        /// Of a file, a device, a pipe or a socket, on the host.
        public var path: String?
        public var host: String?
        public var service: Int?
        /// Of TCP: `raw` or `telnet`.
        public var networkProtocol: String?
        public var isTLS: Bool?
        public var targetType: String?
        public var targetPort: Int?

        public init(_ type: String = "pty") { self.type = type }
    }

    /// A kernel of the host's that is started without a boot loader; absolute paths there.
    public struct DirectBoot: Sendable, Hashable {
        public var kernel: String
        public var initrd: String?
        public var commandLine: String?

        public init(kernel: String, initrd: String? = nil, commandLine: String? = nil) {
            self.kernel = kernel
            self.initrd = initrd
            self.commandLine = commandLine
        }
    }

    public var memoryPolicy: MemoryPolicy?
    /// KVM's features of the guest, such as `hint-dedicated`.
    public var kvmFeatures: [String: Bool] = [:]
    public var clockOffset: ClockOffset?
    /// Laid over the standard ones by name.
    public var timers: [Timer] = []
    /// Nil: the one that every domain has.
    public var serials: [Port]?
    public var consoles: [Port]?
    public var stopsOnReboot = false
    /// What the guest gets of the host's own.
    public var hostDevices: [HostDevice] = []
    public var directBoot: DirectBoot?
    /// Of the display, where there is one; nil: libvirt picks one.
    public var displayPort: Int?

    public init() {}
}
