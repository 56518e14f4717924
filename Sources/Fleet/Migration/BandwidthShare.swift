/// Keeps memory and disks of a migration together below what the user allowed. libvirt caps the memory and each disk alone,
/// and takes another cap for the memory only while they flow.
struct BandwidthShare: Sendable {
    /// MiB a second in all.
    let total: Int
    private(set) var memory: Int

    /// - Parameters:
    ///   - bandwidth: bytes a second.
    ///   - disks: how many are copied.
    init(bandwidth: Int, disks: Int) {
        total = max(1, bandwidth >> 20)
        memory = max(1, total / max(1, disks))
    }

    /// MiB a second of each stream at the beginning: the disks are copied first, side by side.
    var initial: Int { memory }

    /// What the memory is to be given once it flows beside the guest's new writes to disks; nil for no change.
    /// - Parameter diskRate: bytes a second that the disks take of late.
    mutating func change(diskRate: Int) -> Int? {
        let left = max(1, total / 4, total - diskRate >> 20)
        guard abs(left - memory) * 10 >= total, left != memory else { return nil }
        memory = left
        return left
    }
}
