internal import Values

/// Takes images in: fetched, verified, unpacked and converted where that is needed, and kept by their content.
package struct ImageIntake: Sendable {
    /// Where an image comes from.
    package enum Source: Sendable {
        case file(String)
        case location(ImageLocation)
    }

    private let fleet: FleetDirectory
    private let store: ImageStore
    private let say: @Sendable (String) -> Void
    private let limit: Int
    private var fetching: SmallFetching { SmallFetching(fleet: fleet, say: say) }

    /// - Parameters:
    ///   - limit: bytes that a packed image may unpack to.
    ///   - say: told what is being done, for a progress line.
    package init(
        _ fleet: FleetDirectory, limit: Int = 1 << 40, say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.fleet = fleet
        self.limit = limit
        self.say = say
        store = ImageStore(fleet)
    }

    /// - Throws: `Diagnostic`, ``FileError``; then nothing is kept but a download that is not itself the reason, which the
    ///   next try goes on with.
    package func add(
        _ source: Source, names: ImageNames, proof: ImageProof = ImageProof()
    ) async throws -> StoredImage {
        do {
            return try await taken(source, names, proof)
        } catch let unusable as UnusableContent {
            throw unusable.reason
        }
    }

    private func taken(_ source: Source, _ names: ImageNames, _ proof: ImageProof) async throws -> StoredImage {
        switch source {
        case .file(let file):
            let path = DiskPath.absolute(DiskPath.expandingHome(file))
            let names = names.filled(from: DiskPath.lastComponent(path))
            try names.check()
            guard DiskPath.isFile(path) else {
                throw Diagnostic.error("\"\(file)\" is no file", hint: "give an image file, a URL, or the name of a VM")
            }
            let checksum = try await proof.expected(file: DiskPath.lastComponent(path), by: fetching)
            if proof.isThere { say("verifying \(file)") }
            try await proof.verify(path, checksum, name: file, by: fetching)
            return try await take(path, isOwn: true, names: names, from: "file \(path)", checksum)
        case .location(let location):
            if let path = location.localPath { return try await taken(.file(path), names, proof) }
            return try await fetch(location, names: names.filled(from: location.fileName), proof)
        }
    }

    private func fetch(_ location: ImageLocation, names: ImageNames, _ proof: ImageProof) async throws -> StoredImage {
        try names.check()
        guard location.scheme == "https" || proof.isThere else {
            throw Diagnostic.error(
                "\"\(location.shown)\" would come unencrypted and unchecked",
                hint: "use https, or give the checksum: --checksum sha256:DIGEST")
        }
        let checksum = try await proof.expected(file: location.fileName, by: fetching)
        if let checksum, let held = try await held(checksum, proof, location) {
            say("the content is here already")
            try store.name(held, names)
            return try store.find("\(names.name)@sha256:\(held.digest)")
        }
        try store.refuseTaken(names, from: location.shown)
        let download = ImageDownload(location: location, fleet: fleet, isChecked: proof.isThere, say: say)
        return try await download.fetched { path in
            do {
                if proof.isThere { say("verifying \(location.shown)") }
                try await proof.verify(path, checksum, name: location.shown, by: fetching)
                let image = try await take(path, isOwn: false, names: names, from: location.shown, checksum)
                download.discard()
                return image
            } catch let unusable as UnusableContent {
                // Going on with it would end the same way.
                download.discard()
                throw unusable
            }
        }
    }

    /// The held image that has a checksum, and the signature that is asked for; nil where that can only be told from what
    /// is fetched, because it was unpacked or converted.
    private func held(
        _ checksum: ImageChecksum, _ proof: ImageProof, _ location: ImageLocation
    ) async throws -> StoredImage? {
        guard let held = try store.known(published: checksum) else { return nil }
        guard proof.signsImage else { return held }
        guard try await checksum.holds(of: held.path) else { return nil }
        try await proof.verify(held.path, nil, name: location.shown, by: fetching)
        return held
    }

    /// - Parameter isOwn: a file of the user's own may stand on others; one from elsewhere may not name any file here.
    func take(
        _ path: String, isOwn: Bool, names: ImageNames, from: String, _ checksum: ImageChecksum? = nil
    ) async throws -> StoredImage {
        let unpacking = ImageUnpacking(directory: fleet.images, limit: limit)
        var unpacked: WorkFile?
        if case .packed(let tool) = try container(path) {
            say("unpacking \(names.name)")
            unpacked = try await unpacking.unpack(path, by: tool)
        }
        let work = try await plain(unpacked?.path ?? path, unpacked, isOwn: isOwn && unpacked == nil, names, unpacking)
        say("keeping \(names.name)")
        var origin = Mapping([("from", Value(from)), ("added", Value(Clock.iso(Clock.now)))])
        if let checksum { origin["published"] = Value(checksum.description) }
        return try await store.keep(work, names: names, origin: origin)
    }

    /// A qcow2 or raw file that stands on no other.
    private func plain(
        _ path: String, _ unpacked: WorkFile?, isOwn: Bool, _ names: ImageNames, _ unpacking: ImageUnpacking
    ) async throws -> WorkFile {
        switch try container(path) {
        case .foreign(let format):
            let content = try await unpacking.content(path, format: format)
            if let other = content.companions.first, !isOwn {
                throw UnusableContent(
                    reason: .error(
                        "\"\(names.name)\" names another file: \"\(other)\"",
                        detail: "an image from elsewhere must be whole"))
            }
            say("converting \(names.name)")
            return try await unpacking.convert(path, content)
        case .qcow2 where isOwn && (try? ImageStore.header(of: path)) == nil:
            let content = try await unpacking.content(path, format: "qcow2")
            guard content.companions.isEmpty else {
                say("flattening \(names.name)")
                return try await unpacking.convert(path, content)
            }
        default: break
        }
        // What is no usable image is refused before it is copied.
        _ = try UnusableContent.refused { try ImageStore.header(of: path, name: unpacked == nil ? path : names.name) }
        if let unpacked { return unpacked }
        let work = try WorkFile(in: fleet.images)
        let copy = work.path
        try await OwnThread.run { try FileCopy.copy(path, to: copy) }
        return work
    }

    private func container(_ path: String) throws -> ImageContainer {
        ImageContainer(try DiskFile.front(path, count: ImageContainer.length))
    }
}
