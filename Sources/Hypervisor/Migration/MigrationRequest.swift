/// A migration of one domain from the host of a connection to another host, peer to peer.
///
/// The defaults are those of a switch-over that cannot run the guest twice: it arrives paused and is resumed once the
/// source is seen to be gone.
public struct MigrationRequest: Sendable, Hashable {
    /// What happens to the disks.
    public enum Storage: Sendable, Hashable {
        /// Both hosts see the same.
        case shared
        /// Whole disks are copied.
        case full
        /// Top layers are copied onto equal backing images.
        case incremental
    }

    /// The destination's libvirt, as the *source* reaches it.
    public var destinationURI: HypervisorURI
    /// Where the memory goes: `tcp://ADDRESS`; the destination's own host name, libvirt's default, is often wrong.
    public var migrateURI: String?
    /// Where the disks go: `tcp://ADDRESS`; nil: as the memory.
    public var disksURI: String?
    /// The destination's address to listen on.
    public var listenAddress: String?
    /// The name that the destination's certificate must carry; before libvirt 10.3 disks fail without it.
    public var tlsDestination: String?
    /// The definitions as the destination is to have them, running and at rest. Give both.
    public var destinationXML: String?
    public var persistentXML: String?
    public var storage: Storage
    /// The disks to copy, by target (`vda`); empty: libvirt's choice, all that are neither shared nor read-only.
    public var migrateDisks: [String]
    /// Encrypt memory and disks.
    public var tls: Bool
    public var live: Bool
    /// Arrive paused.
    public var paused: Bool
    /// Keep the definition at the destination, and take it from the source.
    public var persistent: Bool
    /// Move the definition only, of a domain that is shut off.
    public var offline: Bool
    public var abortOnError: Bool
    public var autoConverge: Bool
    /// How memory is compressed, by libvirt's names: `xbzrle` alone; `zlib`, `zstd` only with parallel connections.
    public var compression: [String]
    /// Allow `startPostcopy` later. A guest that may run before all of it is there cannot arrive paused.
    public var postcopy: Bool
    /// Go on with a post-copy migration whose connection broke.
    public var resumingPostcopy: Bool
    /// Number of connections for the memory; nil: one, in QEMU's plain protocol.
    public var parallelConnections: Int?
    /// MiB a second, for the memory and again for each disk; what is fetched after `startPostcopy` included.
    public var bandwidthMiB: UInt64?

    public init(
        destinationURI: HypervisorURI, migrateURI: String? = nil, disksURI: String? = nil,
        listenAddress: String? = nil, tlsDestination: String? = nil, destinationXML: String? = nil,
        persistentXML: String? = nil, storage: Storage = .shared, migrateDisks: [String] = [], tls: Bool = true,
        live: Bool = true, paused: Bool = true, persistent: Bool = true, offline: Bool = false,
        abortOnError: Bool = true, autoConverge: Bool = true, compression: [String] = [], postcopy: Bool = false,
        resumingPostcopy: Bool = false, parallelConnections: Int? = nil, bandwidthMiB: UInt64? = nil
    ) {
        self.destinationURI = destinationURI
        self.migrateURI = migrateURI
        self.disksURI = disksURI
        self.listenAddress = listenAddress
        self.tlsDestination = tlsDestination
        self.destinationXML = destinationXML
        self.persistentXML = persistentXML
        self.storage = storage
        self.migrateDisks = migrateDisks
        self.tls = tls
        self.live = live
        self.paused = paused
        self.persistent = persistent
        self.offline = offline
        self.abortOnError = abortOnError
        self.autoConverge = autoConverge
        self.compression = compression
        self.postcopy = postcopy
        self.resumingPostcopy = resumingPostcopy
        self.parallelConnections = parallelConnections
        self.bandwidthMiB = bandwidthMiB
    }

    /// `tcp://ADDRESS` for `migrateURI` and `disksURI`, with IPv6 in brackets.
    public static func dataURI(address: String, port: Int? = nil) throws(HypervisorError) -> String {
        "tcp://" + (try HypervisorURI.host(address)) + (port.map { ":\($0)" } ?? "")
    }
}
