/// Where a host keeps what controllers tell each other there.
package struct LockPlaces: Sendable {
    /// Locks that are held now; gone with a reboot, and so are they.
    package var locks: String
    /// What operations have left unsettled; outlives a reboot, as they do.
    package var records: String
    var clock = "/proc/uptime"
    var bootID = "/proc/sys/kernel/random/boot_id"
    /// Seconds after which a lock that nobody renews is anybody's.
    var lifetime = 60

    package init(locks: String = "/run/drover/locks", records: String = "/var/lib/drover/operations") {
        self.locks = locks
        self.records = records
    }
}
