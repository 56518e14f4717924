/// What a domain is doing, and why.
public struct DomainState: Sendable, Hashable {
    /// libvirt's `virDomainState`.
    public enum Activity: Int32, Sendable, Hashable, CaseIterable {
        case none, running, blocked, paused, shuttingDown, shutOff, crashed, suspended

        /// As commands print it.
        public var name: String {
            switch self {
            case .none: "unknown"
            case .running, .blocked: "running"
            case .paused: "paused"
            case .shuttingDown: "shutting down"
            case .shutOff: "shut off"
            case .crashed: "crashed"
            case .suspended: "suspended"
            }
        }
    }

    public var activity: Activity
    /// libvirt's `virDomain...Reason`, whose meaning depends on the activity.
    public var reason: Int32

    public init(activity: Activity, reason: Int32 = 0) {
        self.activity = activity
        self.reason = reason
    }

    init(_ state: Int32, _ reason: Int32) {
        self.init(activity: Activity(rawValue: state) ?? .none, reason: reason)
    }

    /// Whether a process stands behind the domain.
    public var isActive: Bool { ![.none, .shutOff, .crashed].contains(activity) }

    /// libvirt's word for the reason, such as `migration canceled`.
    public var reasonName: String {
        let names = Self.reasons[activity] ?? []
        return names.indices.contains(Int(reason)) ? names[Int(reason)] : "unknown"
    }

    /// In the order of libvirt's enumerations (libvirt-domain.h).
    private static let reasons: [Activity: [String]] = [
        .running: [
            "unknown", "booted", "migrated", "restored", "from snapshot", "unpaused", "migration canceled",
            "save canceled", "event wakeup", "crashed", "post-copy", "post-copy failed",
        ],
        .paused: [
            "unknown", "user", "migration", "save", "dump", "I/O error", "watchdog", "from snapshot", "shutting down",
            "snapshot", "crashed", "starting up", "post-copy", "post-copy failed", "API error",
        ],
        .shuttingDown: ["unknown", "user"],
        .shutOff: [
            "unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot",
            "daemon",
        ],
        .crashed: ["unknown", "panicked"],
        .suspended: ["unknown"],
    ]
}
