internal import Glibc
internal import PKI
package import Values

/// The controller's images: `.drover/images/<digest>` with what is known of each in `<digest>.json`, and `names.json`.
package struct ImageStore: Sendable {
    private let fleet: FleetDirectory
    var directory: String { fleet.images }
    private var namesPath: String { DiskPath.join(directory, "names.json") }

    package init(_ fleet: FleetDirectory) { self.fleet = fleet }

    /// Takes an image file in. A name that stands for other content is given to the new one only with `replace`.
    /// - Throws: `Diagnostic` for what is no image or a taken name, ``FileError`` for the disk.
    package func add(file: String, name: String?, replace: Bool = false) async throws -> StoredImage {
        let intake = ImageIntake(fleet)
        return try await intake.add(.file(file), names: ImageNames(name: name, replace: replace))
    }

    /// Every named image, one entry for each name.
    package func list() throws -> [StoredImage] {
        try readNames().compactMap { key, value in
            guard let name = key.string, let digest = value.string else { return nil }
            return image(name, digest)
        }.sorted { $0.name < $1.name }
    }

    /// The image that a reference names; see ``ImageReference``. A path or a URL stands for the name that its image gets.
    package func find(_ word: String) throws -> StoredImage {
        let word = ImageFile(word)?.name ?? word
        let reference = try ImageReference(word)
        let all = try list()
        if let digest = reference.digest {
            if let found = all.first(where: { $0.name == reference.name && $0.digest.hasPrefix(digest) })
                ?? all.first(where: { $0.digest.hasPrefix(digest) })
            {
                return found
            }
            let other = all.first { $0.name == reference.name }
            throw Diagnostic.error(
                "there is no image \"\(word)\"",
                detail: other.map { "\"\($0.name)\" stands for sha256:\($0.digest.prefix(16)) here" },
                hint: "`drover image list` shows all")
        }
        if let exact = all.first(where: { $0.name == word }) { return exact }
        if ImageReference.isDigest(word.lowercased()),
            let byDigest = all.first(where: { $0.digest.hasPrefix(word.lowercased()) })
        {
            return byDigest
        }
        let near = NearestName.of(word, among: all.map(\.name)).map { "did you mean \"\($0)\"? " } ?? ""
        throw Diagnostic.error(
            "there is no image \"\(word)\"", hint: near + "add one with `drover image add FILE --name \(word)`")
    }

    /// All names of a content, sorted.
    package func names(of digest: String) throws -> [String] {
        try list().filter { $0.digest == digest }.map(\.name)
    }

    /// What is known of where a content came from: `from`, `added`, `published`.
    package func origin(of digest: String) -> Mapping {
        let path = originPath(digest)
        let text = try? DiskFile.readText(path)
        return text.flatMap { try? JSON.read(SourceText(name: path, text: $0)).map } ?? Mapping()
    }

    /// Lets further names stand for a content that is held.
    package func name(_ image: StoredImage, _ names: ImageNames) throws {
        try changeNames { held in
            for name in names.all { try Self.give(name, to: image.digest, in: &held, replace: names.replace) }
        }
    }

    /// Takes a name away; the content goes with its last one.
    /// - Returns: whether the content is gone.
    package func remove(name: String) throws -> Bool {
        var isLast = false
        try changeNames { held in
            guard let digest = held.removeValue(forKey: name)?.string else { return }
            isLast = !held.values.contains { $0.string == digest }
            // The names first: a content without a name is swept, a name without content would be an error.
            try writeNames(held)
            if isLast { removeContent(digest) }
        }
        return isLast
    }

    /// Removes files that nothing stands for: contents without a name, and what killed processes left.
    /// - Returns: how many.
    package func sweep() throws -> Int {
        var count = WorkFile.sweep(directory)
        try changeNames { held in
            let named = Set(held.values.compactMap(\.string))
            for file in DiskPath.list(directory) where Self.isContent(file) && !named.contains(file) {
                removeContent(file)
                count += 1
            }
        }
        return count
    }

    /// Removes unfinished downloads. One that is going on keeps its place on the disk to itself, and fails at its end.
    /// - Returns: how many bytes they held.
    package func removeParts() -> Int {
        let folder = ImageDownload.folder(fleet)
        return DiskPath.list(folder).reduce(0) { sum, name in
            let path = DiskPath.join(folder, name)
            let size = DiskPath.size(path) ?? 0
            DiskPath.remove(path)
            return sum + size
        }
    }

    // MARK: Taking in

    /// The held image with this published checksum, if there is one.
    func known(published: ImageChecksum) throws -> StoredImage? {
        try list().first {
            published == ImageChecksum("sha256:\($0.digest)")
                || origin(of: $0.digest)["published"]?.string == published.description
        }
    }

    /// Refuses names that stand for what came from elsewhere, before anything is fetched for them. From the same place the
    /// same content may come once more.
    func refuseTaken(_ names: ImageNames, from place: String) throws {
        guard !names.replace else { return }
        let held = try readNames()
        for name in names.all {
            guard let digest = held[name]?.string, origin(of: digest)["from"]?.string != place else { continue }
            throw Self.taken(name, digest)
        }
    }

    /// Makes a finished file part of the store, under its content's name.
    func keep(_ work: WorkFile, names: ImageNames, origin: Mapping) async throws -> StoredImage {
        try await OwnThread.run {
            _ = try Self.header(of: work.path)
            let digest = try ContentDigest.sha256(file: work.path)
            var held: StoredImage?
            try changeNames { current in
                for name in names.all { try Self.give(name, to: digest, in: &current, replace: names.replace) }
                let stored = DiskPath.join(directory, digest)
                if !DiskPath.exists(stored) {
                    try work.keep(as: stored)
                    try DiskFile.write(Array(JSON.write(Value(origin)).utf8), to: originPath(digest), mode: 0o600)
                }
                held = image(names.name, digest)
            }
            guard let held else { throw Diagnostic.error("the image \"\(names.name)\" vanished while it was kept") }
            return held
        }
    }

    private func image(_ name: String, _ digest: String) -> StoredImage? {
        let path = DiskPath.join(directory, digest)
        guard let size = DiskPath.size(path), let header = try? Self.header(of: path) else { return nil }
        return StoredImage(name: name, digest: digest, header: header, fileSize: size, path: path)
    }

    private static func give(_ name: String, to digest: String, in names: inout Mapping, replace: Bool) throws {
        guard ImageReference.isName(name) else {
            throw Diagnostic.error(
                "\"\(name)\" is no image name", hint: "use letters, digits, dots, dashes and underscores")
        }
        if let other = names[name]?.string, other != digest, !replace { throw taken(name, other) }
        names[name] = Value(digest)
    }

    private static func taken(_ name: String, _ digest: String) -> Diagnostic {
        .error(
            "the image name \"\(name)\" is taken by \(digest.prefix(12))",
            hint: "choose another with --name, or let it stand for the new one with --replace")
    }

    private func removeContent(_ digest: String) {
        DiskPath.remove(DiskPath.join(directory, digest))
        DiskPath.remove(originPath(digest))
    }

    private func originPath(_ digest: String) -> String { DiskPath.join(directory, digest + ".json") }

    private static func isContent(_ file: String) -> Bool {
        file.utf8.count == 64 && ImageReference.isDigest(file)
    }

    /// Reads, changes and writes the names while no other process does; waits for it, which is short.
    private func changeNames(_ change: (inout Mapping) throws -> Void) throws {
        try DiskPath.makeDirectory(directory, mode: 0o700)
        let path = DiskPath.join(directory, "lock")
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "open", number: errno) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileError(path: path, operation: "lock", number: errno) }
        }
        let before = try readNames()
        var names = before
        try change(&names)
        if names != before { try writeNames(names) }
    }

    private func writeNames(_ names: Mapping) throws(FileError) {
        try DiskFile.write(Array(JSON.write(Value(names)).utf8), to: namesPath, mode: 0o600)
    }

    private func readNames() throws -> Mapping {
        guard DiskPath.exists(namesPath) else { return Mapping() }
        return try JSON.read(SourceText(name: namesPath, text: try DiskFile.readText(namesPath))).map ?? Mapping()
    }

    static func header(of path: String, name: String? = nil) throws -> ImageHeader {
        let front = try DiskFile.front(path, count: ImageHeader.length)
        return try ImageHeader(front, fileSize: DiskPath.size(path) ?? 0, name: name ?? path)
    }
}
