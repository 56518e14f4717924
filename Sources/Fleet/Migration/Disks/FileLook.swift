internal import Values

/// What one host has at a path, read from what `disk-look.sh` printed. The words are a host's: what is not understood
/// counts for nothing.
struct FileLook: Sendable, Hashable {
    enum Kind: String, Sendable { case file, block, directory, other }

    /// One layer of a disk image.
    struct Layer: Sendable, Hashable {
        var path: String
        var format: String
        /// What a guest sees, in bytes.
        var capacity: UInt64
        var clusterSize: Int?
        var hasSnapshots: Bool
        var isEncrypted: Bool
        /// Whether its bytes are in a further file that no layer names.
        var hasDataFile: Bool
    }

    /// The path with all links followed.
    var real = ""
    /// Nil where nothing is.
    var kind: Kind?
    var isFolderThere = false
    /// Bytes that are free beside it, and the mount point that has them.
    var free: UInt64?
    var mount = ""
    /// Bytes; of a block device too.
    var size: UInt64 = 0
    /// Bytes that it takes of the file system.
    var allocated: UInt64 = 0
    /// Changes whenever its bytes, its name or its owner do: inode, size and times.
    var stamp = ""
    /// Of a block device: the same on every host that reaches it.
    var identity: String?
    /// Why this host could not write its token there; nil when it could, or was not to.
    var tokenProblem: String?
    var hasWrittenToken = false
    /// Whether the other host's token is seen beside it.
    var seesToken = false
    /// Its layers, from the top down; nil when they could not be read.
    var layers: [Layer]?
    var imageProblem: String?

    init() {}

    /// - Returns: for each path its look, in order.
    static func read(_ text: String, paths: Int) -> [FileLook] {
        var looks = Array(repeating: FileLook(), count: paths)
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 3, let number = Int(fields[0]), looks.indices.contains(number) else { continue }
            looks[number].take(fields[1], fields[2])
        }
        // Written once for a folder, it is beside every file there.
        let problems = Dictionary(
            looks.compactMap { look in look.tokenProblem.map { (look.folder, $0) } }, uniquingKeysWith: { $1 })
        let written = Set(looks.filter(\.hasWrittenToken).map(\.folder))
        for index in looks.indices {
            looks[index].hasWrittenToken = written.contains(looks[index].folder)
            looks[index].tokenProblem = problems[looks[index].folder]
        }
        return looks
    }

    /// Where it really is.
    var folder: String { DiskPath.parent(real) }

    private mutating func take(_ word: String, _ rest: String) {
        switch word {
        case "real": real = rest
        case "kind": kind = Kind(rawValue: rest)
        case "folder": isFolderThere = rest == "there"
        case "free":
            let fields = rest.split(separator: " ", maxSplits: 1)
            free = fields.first.flatMap { UInt64($0) }.map { $0 << 10 }
            mount = fields.count > 1 ? String(fields[1]) : ""
        case "size": size = UInt64(rest) ?? 0
        case "blocks": allocated = (UInt64(rest) ?? 0) << 9
        case "stamp": stamp = rest
        case "identity": identity = rest
        case "token":
            switch rest {
            case "written": hasWrittenToken = true
            case "seen": seesToken = true
            default: tokenProblem = rest.hasPrefix("refused ") ? String(rest.dropFirst(8)) : rest
            }
        case "image": takeImage(rest)
        default: break
        }
    }

    private mutating func takeImage(_ text: String) {
        guard let list = try? JSON.read(SourceText(name: "qemu-img", text: text)).list, !list.isEmpty else {
            imageProblem = text
            return
        }
        var layers: [Layer] = []
        for one in list {
            guard let path = one["filename"]?.string, let format = one["format"]?.string,
                let capacity = one["virtual-size"]?.int.flatMap(UInt64.init(exactly:))
            else {
                imageProblem = "qemu-img says nothing of it that can be used"
                return
            }
            let details = one["format-specific"]?["data"]
            layers.append(
                Layer(
                    path: path, format: format, capacity: capacity, clusterSize: one["cluster-size"]?.int,
                    hasSnapshots: !(one["snapshots"]?.list ?? []).isEmpty,
                    isEncrypted: one["encrypted"]?.bool == true, hasDataFile: details?["data-file"] != nil))
        }
        self.layers = layers
    }
}
