internal import PKI
internal import Values

/// An image that the controller holds: content-addressed, with a name for people.
package struct StoredImage: Sendable, Hashable {
    package let name: String
    /// SHA-256 of the file, in hex.
    package let digest: String
    package let header: ImageHeader
    /// Bytes of the file.
    package let fileSize: Int
    /// Where the file is on the controller.
    package let path: String

    /// The name of its volume on every host.
    package var volumeName: String { "drover-image-\(digest.prefix(16)).\(header.format.rawValue)" }
}

/// The controller's images: `.drover/images/<digest>` and `names.json`.
package struct ImageStore: Sendable {
    private let directory: String
    private var namesPath: String { DiskPath.join(directory, "names.json") }

    package init(_ fleet: FleetDirectory) { directory = fleet.images }

    /// Takes an image file in. A name that stands for other content is given to the new one only with `replace`.
    /// - Throws: `Diagnostic` for what is no image or a taken name, ``FileError`` for the disk.
    package func add(file: String, name: String?, replace: Bool = false) async throws -> StoredImage {
        try await OwnThread.run { try take(file: file, name: name, replace: replace) }
    }

    private func take(file: String, name: String?, replace: Bool) throws -> StoredImage {
        let path = DiskPath.expandingHome(file)
        let name = name ?? Self.defaultName(path)
        guard Self.isName(name) else {
            throw Diagnostic.error(
                "\"\(name)\" is no image name", hint: "use letters, digits, dots, dashes and underscores")
        }
        let header = try Self.header(of: path)
        let digest = try ContentDigest.sha256(file: path)
        var names = try readNames()
        if let taken = names[name]?.string, taken != digest, !replace {
            throw Diagnostic.error(
                "the image name \"\(name)\" is taken by \(taken.prefix(12))", hint: "choose another with --name")
        }
        let stored = DiskPath.join(directory, digest)
        if !DiskPath.exists(stored) {
            try DiskPath.makeDirectory(directory, mode: 0o700)
            try FileCopy.copy(path, to: stored)
            guard try ContentDigest.sha256(file: stored) == digest else {
                DiskPath.remove(stored)
                throw Diagnostic.error("\"\(file)\" changed while it was copied")
            }
        }
        names[name] = Value(digest)
        try DiskFile.write(Array(JSON.write(Value(names)).utf8), to: namesPath, mode: 0o600)
        return StoredImage(
            name: name, digest: digest, header: header, fileSize: DiskPath.size(stored) ?? 0, path: stored)
    }

    /// Every named image.
    package func list() throws -> [StoredImage] {
        try readNames().compactMap { key, value in
            guard let name = key.string, let digest = value.string else { return nil }
            let path = DiskPath.join(directory, digest)
            guard let size = DiskPath.size(path), let header = try? Self.header(of: path) else { return nil }
            return StoredImage(name: name, digest: digest, header: header, fileSize: size, path: path)
        }.sorted { $0.name < $1.name }
    }

    /// The image of a name or of the first characters (at least 8) of a digest.
    package func find(_ word: String) throws -> StoredImage {
        let all = try list()
        if let exact = all.first(where: { $0.name == word }) { return exact }
        if word.count >= 8, let byDigest = all.first(where: { $0.digest.hasPrefix(word) }) { return byDigest }
        let near = NearestName.of(word, among: all.map(\.name)).map { "did you mean \"\($0)\"? " } ?? ""
        throw Diagnostic.error(
            "there is no image \"\(word)\"", hint: near + "add one with `drover image add FILE --name \(word)`")
    }

    private func readNames() throws -> Mapping {
        guard DiskPath.exists(namesPath) else { return Mapping() }
        return try JSON.read(SourceText(name: namesPath, text: try DiskFile.readText(namesPath))).map ?? Mapping()
    }

    private static func header(of path: String) throws -> ImageHeader {
        let front = try DiskFile.front(path, count: ImageHeader.length)
        return try ImageHeader(front, fileSize: DiskPath.size(path) ?? 0, name: path)
    }

    private static func defaultName(_ path: String) -> String {
        let file = DiskPath.lastComponent(path)
        for suffix in [".qcow2", ".img", ".raw"] where file.hasSuffix(suffix) {
            return String(file.dropLast(suffix.count))
        }
        return file
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.count <= 128 && !name.hasPrefix(".")
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
    }
}
