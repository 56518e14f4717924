import Glibc

/// What is made once and used by every lab: each thing a directory named after the recipe it was made by.
enum Cache {
    static var packageFiles: String { LabFolders.cache + "/debs" }

    /// The directory of a recipe, made if it is not there.
    ///
    /// It is made beside its place and renamed into it, so that what a cut-off attempt leaves is never taken for it.
    /// - Parameters:
    ///   - kind: first part of its name.
    ///   - recipe: all that decides what comes out.
    ///   - make: fills the directory of the path given, which does not exist yet; the second path is an empty
    ///     directory for what it needs on the way.
    static func directory(
        _ kind: String, recipe: [String], progress: LabProgress,
        make: (_ out: String, _ work: String) async throws(LabError) -> Void
    ) async throws(LabError) -> String {
        let place = "\(LabFolders.cache)/\(kind)-\(fingerprint(recipe))"
        if Disk.exists(place) { return place }
        try Disk.makeFolder(LabFolders.cache)
        let lock = try await FileLock.take(LabFolders.cache + "/lock") {
            progress("waiting for another lab's downloads")
        }
        defer { withExtendedLifetime(lock) {} }
        if Disk.exists(place) { return place }
        for name in Disk.list(LabFolders.cache) where name.hasPrefix("new-") {
            try await Disk.removeTree("\(LabFolders.cache)/\(name)")
        }
        let work = "\(LabFolders.cache)/new-\(kind)"
        try Disk.makeFolder(work + "/work")
        try Disk.makeFolder(packageFiles)
        try await make(work + "/out", work + "/work")
        guard rename(work + "/out", place) == 0 else {
            throw LabError(.system, "cannot put \"\(place)\" into place", detail: String(cString: strerror(errno)))
        }
        try await Disk.removeTree(work)
        return place
    }

    /// A short name for a recipe: 64-bit FNV-1a over its parts.
    static func fingerprint(_ parts: [String]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in parts.joined(separator: "\u{0}").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
