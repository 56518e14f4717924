internal import Hypervisor
internal import Inventory
internal import Values

/// How the memory travels, by what both ends can do.
struct MigrationStreams: Sendable, Equatable {
    /// What of a host counts.
    struct End: Sendable {
        let host: String
        let libvirt: LibraryVersion
        /// Nil where libvirt cannot tell.
        let qemu: LibraryVersion?
        let cpus: Int
    }

    /// MiB that are better not sent over one encrypted connection.
    private static let muchMemory = 32 << 10

    /// Side by side; nil for one, in QEMU's plain protocol.
    private(set) var connections: Int?
    private(set) var compression: [String] = []
    private(set) var warnings: [Diagnostic] = []

    /// - Throws: `Diagnostics` for what one of the ends cannot do.
    init(_ options: MigrationOptions, source: End, destination: End, memoryMiB: Int) throws(Diagnostics) {
        let ends = [source, destination]
        func every(libvirt: LibraryVersion, qemu: LibraryVersion) -> Bool {
            ends.allSatisfy { $0.libvirt >= libvirt && ($0.qemu ?? LibraryVersion(0, 0)) >= qemu }
        }
        let isPostcopy = options.ifStuck == .postcopy
        if isPostcopy { try Self.requirePostcopy(ends) }
        // QEMU's parallel connections encrypt since 5.2; they exclude post-copy.
        let canParallel = every(
            libvirt: LibraryVersion(5, 2), qemu: options.plain ? LibraryVersion(4, 0) : LibraryVersion(5, 2))
        let asked = options.parallelConnections
        if let asked, asked > 1, isPostcopy || !canParallel {
            throw Diagnostics(
                .error(
                    "memory cannot travel over \(asked) connections",
                    detail: isPostcopy
                        ? "post-copy takes one"
                        : "that takes libvirt 5.2 and QEMU \(options.plain ? "4.0" : "5.2") at both ends"))
        }
        // QEMU sends half a MiB at a time over parallel connections, and keeps to no cap that is near that.
        let isSlow = options.bandwidth.map { $0 < 32 << 20 } ?? false
        if canParallel, !isPostcopy, asked.map({ $0 > 1 }) ?? !(isSlow && memoryMiB < Self.muchMemory) {
            connections = asked ?? max(2, min(4, source.cpus, destination.cpus))
        }
        if options.compress {
            // zstd works within parallel connections only, XBZRLE without them only.
            if connections != nil, every(libvirt: LibraryVersion(9, 4), qemu: LibraryVersion(5, 0)) {
                compression = ["zstd"]
            } else {
                compression = ["xbzrle"]
                connections = nil
            }
        }
        if connections == nil, !options.plain, memoryMiB >= Self.muchMemory {
            warnings.append(
                .warning(
                    "\(memoryMiB >> 10) GiB of memory travel over one encrypted connection",
                    detail: "GnuTLS has been seen to end QEMU when about 64 GiB went over one",
                    hint: options.compress || isPostcopy ? "leave out --compress and --if-stuck postcopy" : nil))
        }
    }

    /// Without a way to go on after a broken link a guest would be lost.
    private static func requirePostcopy(_ ends: [End]) throws(Diagnostics) {
        let unable = ends.filter { $0.libvirt < LibraryVersion(8, 5) }
        let found = unable.map { end in
            Diagnostic.error(
                "libvirt \(end.libvirt) cannot go on after a post-copy whose link broke",
                hint: "it takes 8.5.0; use --if-stuck pause", host: end.host)
        }
        if let found = Diagnostics(found) { throw found }
    }
}

extension MigrationStreams.End {
    init(_ host: Host, _ info: HostInfo) {
        self.init(host: host.name, libvirt: info.libvirtVersion, qemu: info.hypervisorVersion, cpus: info.cpus)
    }
}
