internal import Values

/// How an image is known for what it is to be: its checksum, given or published, and who signed that.
package struct ImageProof: Sendable {
    /// `sha256:…`, `sha512:…`, or the URL of a list of checksums.
    package var checksum: String?
    /// URL of a signature: of the list of checksums where there is one, else of the image.
    package var signature: String?
    package var keyring: String?

    package init(checksum: String? = nil, signature: String? = nil, keyring: String? = nil) {
        self.checksum = checksum
        self.signature = signature
        self.keyring = keyring
    }

    var isThere: Bool { checksum != nil || signature != nil }

    /// Whether the signature is the image's own: there is no list that it could be of.
    var signsImage: Bool { signature != nil && signsNoList }
    private var signsNoList: Bool { checksum.map { ImageChecksum($0) != nil } ?? true }

    /// What the file's content is to be, from the words or from a list that is published, and signed where a signature is
    /// named.
    func expected(file: String, by fetching: SmallFetching) async throws -> ImageChecksum? {
        guard let word = checksum else { return nil }
        if let checksum = ImageChecksum(word) { return checksum }
        guard let location = ImageLocation(word) else {
            throw Diagnostic.error(
                "\"\(word)\" is no checksum", hint: "write sha256:DIGEST, sha512:DIGEST, or the URL of a list of them")
        }
        guard location.scheme != "http" || signature != nil else {
            throw Diagnostic.error(
                "the checksums of \"\(location.shown)\" would come unencrypted", detail: "they would prove nothing",
                hint: "use https, or name their --signature too")
        }
        let text = try await fetching.reading(location, isChecked: signature != nil) { path in
            let text = try DiskFile.readText(path)
            guard let keyring = try ring(for: location.shown), let place = try signatureLocation else { return text }
            let judge = ImageSignature(keyring: keyring)
            if ImageSignature.isInside(text) {
                return try await judge.opened(path, name: location.shown, workingIn: fetching.directory)
            }
            try await fetching.reading(place, isChecked: true) { detached in
                try await judge.verify(path, signature: detached, name: location.shown)
            }
            return text
        }
        return try ImageChecksum(list: text, file: file, name: location.shown)
    }

    /// Checks a file against both.
    /// - Throws: ``UnusableContent`` when it is not what it is to be.
    func verify(_ path: String, _ expected: ImageChecksum?, name: String, by fetching: SmallFetching) async throws {
        if let expected { try await expected.verify(path, name: name) }
        guard signsImage, let keyring = try ring(for: name), let place = try signatureLocation else { return }
        try await fetching.reading(place, isChecked: true) { detached in
            try await ImageSignature(keyring: keyring).verify(path, signature: detached, name: name)
        }
    }

    private var signatureLocation: ImageLocation? {
        get throws {
            guard let signature else { return nil }
            guard let location = ImageLocation(signature) else {
                throw Diagnostic.error("the signature's place is no URL", hint: "write https://… or file:///…")
            }
            return location
        }
    }

    /// The keyring to check a signature with; nil where no signature is asked for.
    private func ring(for name: String) throws -> String? {
        guard signature != nil else { return nil }
        guard let keyring else {
            throw Diagnostic.error(
                "the signature of \"\(name)\" cannot be checked", detail: "no keyring was given",
                hint: "name the file with the signer's keys: --keyring FILE")
        }
        return keyring
    }
}

/// Fetches lists of checksums and signatures, which go again when they were read.
struct SmallFetching: Sendable {
    let fleet: FleetDirectory
    let say: @Sendable (String) -> Void
    var directory: String { fleet.images }

    func reading<Answer>(
        _ location: ImageLocation, isChecked: Bool, _ body: (String) async throws -> Answer
    ) async throws -> Answer {
        if let path = location.localPath { return try await body(path) }
        let download = ImageDownload(
            location: location, fleet: fleet, isChecked: isChecked, isShort: true, say: say)
        return try await download.fetched { path in
            guard DiskPath.size(path) ?? 0 <= 16 << 20 else {
                throw Diagnostic.error("\"\(location.shown)\" is too long for a list of checksums or a signature")
            }
            return try await body(path)
        }
    }
}
