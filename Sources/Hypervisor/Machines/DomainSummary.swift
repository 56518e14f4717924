/// One domain in a list.
public struct DomainSummary: Sendable, Hashable {
    public var name: String
    public var uuid: String
    public var state: DomainState
    public var cpus: Int
    public var memoryMiB: Int
    /// Whether it starts with its host.
    public var autostart: Bool
    /// Whether its definition outlives its process.
    public var persistent: Bool
    /// What Drover noted in it; nil for a domain that is not Drover's.
    public var metadata: DomainMetadata?
    /// The image it was made from, as noted.
    public var image: String? { metadata?.image }

    public init(
        name: String, uuid: String, state: DomainState, cpus: Int, memoryMiB: Int, autostart: Bool = false,
        persistent: Bool = true, metadata: DomainMetadata? = nil
    ) {
        self.name = name
        self.uuid = uuid
        self.state = state
        self.cpus = cpus
        self.memoryMiB = memoryMiB
        self.autostart = autostart
        self.persistent = persistent
        self.metadata = metadata
    }
}
