internal import PKI
package import Values

/// What a file's content must be.
package struct ImageChecksum: Sendable, Hashable, CustomStringConvertible {
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha256, sha512

        /// Hexadecimal digits of a digest.
        var length: Int { self == .sha256 ? 64 : 128 }
    }

    package let algorithm: Algorithm
    /// Hexadecimal, in lower case.
    package let digest: String

    /// Reads `sha256:HEX` or `sha512:HEX`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map { String($0).lowercased() }
        guard parts.count == 2, let algorithm = Algorithm(rawValue: parts[0]) else { return nil }
        self.init(algorithm, parts[1])
    }

    private init?(_ algorithm: Algorithm, _ digest: String) {
        guard digest.utf8.count == algorithm.length, digest.allSatisfy({ $0.isHexDigit && $0.isASCII }) else {
            return nil
        }
        self.algorithm = algorithm
        self.digest = digest
    }

    /// A bare digest: its length tells the algorithm.
    private init?(digest: String) {
        let digest = digest.lowercased()
        guard let algorithm = Algorithm.allCases.first(where: { $0.length == digest.utf8.count }) else { return nil }
        self.init(algorithm, digest)
    }

    package var description: String { "\(algorithm.rawValue):\(digest)" }

    /// Finds a file's entry in a list as distributions publish it: the lines of `sha256sum` and `sha512sum`, BSD's
    /// `SHA256 (NAME) = DIGEST`, or one bare digest for one file. A list that is called like the file (`FILE.sha256`) is
    /// the file's own, whatever build's name stands in it.
    /// - Throws: a diagnostic when the list has none for the file, or several that differ.
    package init(list: String, file: String, name: String) throws(Diagnostic) {
        let lines = list.split(whereSeparator: \.isNewline).map(String.init)
        let entries = lines.compactMap(Self.entry)
        var own = entries.filter { $0.file == file }.map(\.checksum)
        if own.isEmpty, entries.count == 1, name.split(separator: "/").last?.hasPrefix(file + ".") ?? false {
            own = entries.map(\.checksum)
        }
        // The strongest that is there; of one strength there may be one only.
        for algorithm in Algorithm.allCases.reversed() {
            let found = Set(own.filter { $0.algorithm == algorithm })
            if found.count > 1 {
                throw .error("\"\(name)\" has several checksums for \"\(file)\"", detail: "they differ")
            }
            if let one = found.first {
                self = one
                return
            }
        }
        let bare = lines.filter { !$0.hasPrefix("#") }.compactMap(Self.init(digest:))
        if entries.isEmpty, let only = bare.first, bare.count == 1 {
            self = only
            return
        }
        let near = NearestName.of(file, among: entries.map(\.file)).map { "it has one for \"\($0)\"" }
        throw .error(
            "\"\(name)\" has no checksum for \"\(file)\"", detail: near,
            hint: "give the checksum itself: --checksum sha256:DIGEST")
    }

    private static func entry(_ line: String) -> (file: String, checksum: ImageChecksum)? {
        if let match = line.wholeMatch(of: /\s*(SHA256|SHA512) \((.+)\) = ([0-9a-fA-F]+)\s*/) {
            guard let algorithm = Algorithm(rawValue: match.1.lowercased()),
                let checksum = ImageChecksum(algorithm, match.3.lowercased())
            else { return nil }
            return (lastComponent(match.2), checksum)
        }
        guard let match = line.wholeMatch(of: /\\?([0-9a-fA-F]{64,128})[ \t]+\*?(\S.*?)\s*/),
            let checksum = ImageChecksum(digest: String(match.1))
        else { return nil }
        return (lastComponent(match.2), checksum)
    }

    private static func lastComponent(_ path: Substring) -> String {
        path.split(separator: "/").last.map(String.init) ?? ""
    }

    /// Compares with a file; reads all of it.
    /// - Throws: ``UnusableContent`` naming both digests when they differ.
    func verify(_ path: String, name: String) async throws {
        guard let reason = try await difference(from: path, name: name) else { return }
        throw UnusableContent(reason: reason)
    }

    /// Whether it is a file's; reads all of it.
    func holds(of path: String) async throws -> Bool { try await difference(from: path, name: path) == nil }

    private func difference(from path: String, name: String) async throws -> Diagnostic? {
        let found = try await OwnThread.run { [algorithm] in
            switch algorithm {
            case .sha256: try ContentDigest.sha256(file: path)
            case .sha512: try ContentDigest.sha512(file: path)
            }
        }
        guard found != digest else { return nil }
        return .error(
            "\"\(name)\" is not what its checksum says",
            detail: "\(algorithm.rawValue) expected \(digest)\n\(algorithm.rawValue) found    \(found)",
            hint: "it was changed on the way, or published anew since: see where it comes from")
    }
}
