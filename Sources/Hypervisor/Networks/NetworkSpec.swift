/// A libvirt network to be made.
public struct NetworkSpec: Sendable, Hashable {
    /// How guests on it reach what is outside of it.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// Behind the host's address.
        case nat
        /// By the host as a router that changes nothing.
        case route
        /// As `route`, without any firewall rule of libvirt's.
        case open
        /// Not at all.
        case isolated
        /// Over a bridge of the host, or by macvtap on its cards.
        case bridge
        /// macvtap whose guests do not see each other.
        case `private`
        /// macvtap whose traffic always goes through the switch outside.
        case vepa
        /// macvtap: a card for each guest.
        case passthrough
        /// Virtual functions of a card, given to guests as they are.
        case hostdev

        /// Whether libvirt makes a bridge of its own for it, with addresses, DHCP and DNS if asked.
        public var hasOwnBridge: Bool { [.nat, .route, .open, .isolated].contains(self) }
    }

    /// What an address range starts and ends with, both included.
    public struct Span: Sendable, Hashable {
        public var start: String
        public var end: String

        public init(start: String, end: String) {
            self.start = start
            self.end = end
        }
    }

    /// How addresses are translated.
    public struct NAT: Sendable, Hashable {
        /// The outer addresses; nil for the host's own.
        public var addresses: Span?
        public var ports: ClosedRange<Int>?
        public var isForIPv6: Bool

        public init(addresses: Span? = nil, ports: ClosedRange<Int>? = nil, isForIPv6: Bool = false) {
            self.addresses = addresses
            self.ports = ports
            self.isForIPv6 = isForIPv6
        }
    }

    /// The kind of switch behind the network, such as Open vSwitch.
    public struct VirtualPort: Sendable, Hashable {
        /// `openvswitch`, `802.1Qbg`, `802.1Qbh`, `midonet`.
        public var type: String
        /// libvirt's attributes: `interfaceid`, `profileid`, `managerid`, ...
        public var parameters: [String: String]

        public init(type: String, parameters: [String: String] = [:]) {
            self.type = type
            self.parameters = parameters
        }
    }

    public struct VLAN: Sendable, Hashable {
        public struct Tag: Sendable, Hashable {
            public var id: Int
            /// `tagged` or `untagged`: this tag is the trunk's native one.
            public var nativeMode: String?

            public init(id: Int, nativeMode: String? = nil) {
                self.id = id
                self.nativeMode = nativeMode
            }
        }

        public var tags: [Tag]
        public var isTrunk: Bool

        public init(tags: [Tag], isTrunk: Bool = false) {
            self.tags = tags
            self.isTrunk = isTrunk
        }
    }

    /// Settings that a guest's card can choose by name.
    public struct PortGroup: Sendable, Hashable {
        public var name: String
        public var isDefault: Bool
        public var virtualPort: VirtualPort?
        public var vlan: VLAN?

        public init(name: String, isDefault: Bool = false, virtualPort: VirtualPort? = nil, vlan: VLAN? = nil) {
            self.name = name
            self.isDefault = isDefault
            self.virtualPort = virtualPort
            self.vlan = vlan
        }
    }

    public var name: String
    /// Nil: libvirt makes one.
    public var uuid: String?
    public var mode: Mode
    /// The bridge: the host's own for `bridge`, else the name that libvirt's is to have; nil for libvirt's choice.
    public var bridge: String?
    /// The address of libvirt's bridge, by which guests know their gateway; nil for libvirt's choice. Never compared.
    public var mac: MACAddress?
    /// The host's cards: those of macvtap, or the only one that `nat` and `route` go out by.
    public var devices: [String] = []
    /// The virtual functions of `hostdev`.
    public var functions: [PCIAddress] = []
    /// The card whose virtual functions `hostdev` gives out.
    public var physicalFunction: String?
    /// Whether libvirt takes `hostdev` functions from their drivers and gives them back.
    public var isManaged = true
    public var nat: NAT?
    public var virtualPort: VirtualPort?
    public var vlan: VLAN?
    public var mtu: Int?
    public var domain: NetworkNames.Domain?
    public var names: NetworkNames?
    public var addressing: [NetworkAddressing] = []
    public var portGroups: [PortGroup] = []

    public init(name: String, mode: Mode, bridge: String? = nil) {
        self.name = name
        self.mode = mode
        self.bridge = bridge
    }

    /// A network over a bridge that the host has.
    public init(name: String, bridge: String) {
        self.init(name: name, mode: .bridge, bridge: bridge)
    }
}

/// What a network's DNS server answers.
public struct NetworkNames: Sendable, Hashable {
    /// The name of the network's guests' domain.
    public struct Domain: Sendable, Hashable {
        public var name: String
        /// Whether questions about it are never passed on.
        public var isLocalOnly: Bool

        public init(name: String, isLocalOnly: Bool = false) {
            self.name = name
            self.isLocalOnly = isLocalOnly
        }
    }

    /// Where questions are passed on to: all of them, or those about a domain.
    public struct Forwarder: Sendable, Hashable {
        public var domain: String?
        public var address: String?

        public init(domain: String? = nil, address: String? = nil) {
            self.domain = domain
            self.address = address
        }
    }

    public struct Host: Sendable, Hashable {
        public var address: String
        public var names: [String]

        public init(address: String, names: [String]) {
            self.address = address
            self.names = names
        }
    }

    public struct Text: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A service (SRV) record.
    public struct Service: Sendable, Hashable {
        public var name: String
        /// `tcp` or `udp`.
        public var transport: String
        public var domain: String?
        public var target: String?
        public var port: Int?
        public var priority: Int?
        public var weight: Int?

        public init(
            name: String, transport: String, domain: String? = nil, target: String? = nil, port: Int? = nil,
            priority: Int? = nil, weight: Int? = nil
        ) {
            self.name = name
            self.transport = transport
            self.domain = domain
            self.target = target
            self.port = port
            self.priority = priority
            self.weight = weight
        }
    }

    public var isEnabled = true
    public var forwardsPlainNames = true
    public var forwarders: [Forwarder] = []
    public var texts: [Text] = []
    public var services: [Service] = []
    public var hosts: [Host] = []

    public init() {}
}

/// An address that the host has in a network, and what DHCP and TFTP give out there.
public struct NetworkAddressing: Sendable, Hashable {
    public struct Reservation: Sendable, Hashable {
        public var address: String
        public var mac: MACAddress?
        /// The client's DHCPv6 identifier.
        public var id: String?
        public var name: String?

        public init(address: String, mac: MACAddress? = nil, id: String? = nil, name: String? = nil) {
            self.address = address
            self.mac = mac
            self.id = id
            self.name = name
        }
    }

    /// What DHCP names as boot file.
    public struct Boot: Sendable, Hashable {
        public var file: String
        public var server: String?

        public init(file: String, server: String? = nil) {
            self.file = file
            self.server = server
        }
    }

    /// The host's own address in the network.
    public var address: String
    public var prefix: Int
    public var ranges: [NetworkSpec.Span]
    public var reservations: [Reservation]
    public var boot: Boot?
    /// The directory that TFTP serves.
    public var tftp: String?

    public init(
        address: String, prefix: Int, ranges: [NetworkSpec.Span] = [], reservations: [Reservation] = [],
        boot: Boot? = nil, tftp: String? = nil
    ) {
        self.address = address
        self.prefix = prefix
        self.ranges = ranges
        self.reservations = reservations
        self.boot = boot
        self.tftp = tftp
    }

    /// By its address; no address counts as IPv4.
    public var isIPv6: Bool { IPAddress(address)?.isIPv6 ?? false }
}
