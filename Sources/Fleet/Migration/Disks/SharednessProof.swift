internal import Values

/// Whether two hosts have one and the same file or device at a path. Names of pools, paths and mounts prove nothing: only
/// a random token that one host wrote beside the file and the other sees, or what a device says of itself.
enum SharednessProof: Sendable, Hashable {
    /// Nothing is copied, and nothing may be removed.
    case shared
    case apart
    /// Neither is known: nothing may be done.
    case unproven(String)

    /// - Parameters:
    ///   - here: what the source has at the path, and whether it could write its token beside it.
    ///   - there: what the destination has there, and whether it sees that token.
    ///   - back: the other way round, where the source could not write: the destination's look with its own token, and
    ///     whether the source sees that.
    init(here: FileLook, there: FileLook, back: (there: FileLook, isSeen: Bool)? = nil) {
        if here.kind == .block {
            self = Self.device(here, there)
        } else if here.hasWrittenToken {
            self = there.seesToken ? Self.same(here, there) : .apart
        } else if !there.isFolderThere {
            self = .apart
        } else if let back, back.there.hasWrittenToken {
            self = back.isSeen ? Self.same(here, there) : .apart
        } else {
            let why = [here.tokenProblem, back?.there.tokenProblem].compactMap { $0 }.joined(separator: "; ")
            self = .unproven("neither host can write beside it" + (why.isEmpty ? "" : ": \(why)"))
        }
    }

    /// One directory on both; one file only if it has one name in it.
    private static func same(_ here: FileLook, _ there: FileLook) -> SharednessProof {
        guard DiskPath.lastComponent(here.real) == DiskPath.lastComponent(there.real) else {
            return .unproven("it leads to \"\(there.real)\" at the destination, another file of a shared directory")
        }
        guard here.kind == there.kind else { return .unproven("its directory is shared, and yet it is not seen there") }
        return .shared
    }

    /// Names that only one device of the world can have. Others (`t10.`, a bare serial) are often equal: cheap and
    /// emulated disks.
    private static let unique = ["naa.", "eui.", "uuid.", "nvme.", "mpath-", "LVM-"]

    private static func device(_ here: FileLook, _ there: FileLook) -> SharednessProof {
        guard there.kind == .block else { return .unproven("it is a block device, and none is there") }
        guard let own = here.identity, let other = there.identity else {
            return .unproven("the block device does not say which one it is")
        }
        guard own == other else { return .unproven("it is another device there: \(other) instead of \(own)") }
        guard unique.contains(where: { own.hasPrefix($0) }) else {
            return .unproven("\(own) is no name that only one device can have")
        }
        guard here.size == there.size else {
            return .unproven("it has \(there.size) bytes there instead of \(here.size)")
        }
        return .shared
    }
}
