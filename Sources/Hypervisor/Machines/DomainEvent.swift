/// Something that happened to a domain, or to the connection that tells of it.
public struct DomainEvent: Sendable, Hashable {
    /// The domain as it was named at the time.
    public struct Identity: Sendable, Hashable {
        public var name: String
        public var uuid: String

        public init(name: String, uuid: String) {
            self.name = name
            self.uuid = uuid
        }
    }

    public enum Kind: Sendable, Hashable {
        case lifecycle(Lifecycle)
        /// A job, such as a migration, came to its end: the final record.
        case jobCompleted(JobProgress)
        /// A migration began its next pass over the memory.
        case migrationIteration(Int)
        /// The guest began anew, by itself or by the reset button.
        case rebooted
        /// The connection is gone; nothing follows.
        case connectionLost(ConnectionLoss)
    }

    /// Nil when the event is the connection's.
    public var domain: Identity?
    public var kind: Kind
    /// Nanoseconds of this machine's CLOCK_MONOTONIC at which the event arrived here.
    public var timestamp: UInt64

    public init(domain: Identity?, kind: Kind, timestamp: UInt64) {
        self.domain = domain
        self.kind = kind
        self.timestamp = timestamp
    }
}

/// Why a connection was lost: libvirt's `virConnectCloseReason`.
public enum ConnectionLoss: Int32, Sendable, Hashable {
    case error, endOfFile, keepAlive, client
}

/// A change in a domain's life: libvirt's `virDomainEventType` and its detail.
public struct Lifecycle: Sendable, Hashable {
    public enum Event: Int32, Sendable, Hashable {
        case defined, undefined, started, suspended, resumed, stopped, shutdown, suspendedToMemory, crashed
    }

    /// Nil for an event newer than this code.
    public var event: Event?
    /// libvirt's detail, whose meaning depends on the event.
    public var detail: Int32

    public init(event: Event?, detail: Int32) {
        self.event = event
        self.detail = detail
    }

    init(event: Int32, detail: Int32) {
        self.init(event: Event(rawValue: event), detail: detail)
    }

    /// libvirt's word for the detail, such as `migrated`.
    public var detailName: String {
        let names = event.flatMap { Self.details[$0] } ?? []
        return names.indices.contains(Int(detail)) ? names[Int(detail)] : "unknown"
    }

    /// In the order of libvirt's enumerations (libvirt-domain.h).
    private static let details: [Event: [String]] = [
        .defined: ["added", "updated", "renamed", "from snapshot"],
        .undefined: ["removed", "renamed"],
        .started: ["booted", "migrated", "restored", "from snapshot", "wakeup", "recovered"],
        .suspended: [
            "paused", "migrated", "I/O error", "watchdog", "restored", "from snapshot", "API error", "post-copy",
            "post-copy failed",
        ],
        .resumed: ["unpaused", "migrated", "from snapshot", "post-copy", "post-copy failed"],
        .stopped: ["shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "recovered"],
        .shutdown: ["finished", "guest", "host"],
        .suspendedToMemory: ["memory", "disk"],
        .crashed: ["panicked", "crash loaded"],
    ]
}
