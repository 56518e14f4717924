package import Inventory
package import Values

/// Well-known images by name: those that come with Drover, and over them those under `images:` of the inventory.
package struct ImageCatalogue: Sendable {
    /// Where an image is to be had and how it is known for what it is.
    package struct Entry: Sendable {
        package let name: String
        package let location: ImageLocation
        package let proof: ImageProof
        /// What brings the keyring.
        package let package: String?
        /// The account that cloud-init gives the keys to.
        package let login: String?

        package var value: Value {
            [
                "name": Value(name), "url": Value(location.shown),
                "checksum": proof.checksum.map { Value(ImageLocation($0)?.shown ?? $0) } ?? .null,
                "signature": proof.signature.map { Value(ImageLocation($0)?.shown ?? $0) } ?? .null,
                "login": login.map { Value($0) } ?? .null,
            ]
        }
    }

    /// Sorted by name.
    package let entries: [Entry]
    private static let keys = ["url", "checksum", "signature", "keyring", "package", "login"]

    /// - Parameter fleet: nil where there is no inventory: then only what comes with Drover is known.
    /// - Throws: everything that is wrong in the entries, at once.
    package init(_ inventory: Inventory?) throws(Diagnostics) {
        var all = Mapping()
        if let stock = try? StockFiles.locate(),
            let text = try? DiskFile.readText(DiskPath.join(stock, "inventory/images.yaml"))
        {
            let source = SourceText(name: "inventory/images.yaml", text: text)
            all = try YAML.read(source)["images"]?.map ?? all
        }
        // An entry of the user's own replaces one of the same name as a whole.
        for (name, entry) in inventory?.images ?? Mapping() { all[name.scalarText ?? ""] = entry }
        try self.init(all)
    }

    /// - Parameter images: as it stands under `images:`.
    package init(_ images: Mapping) throws(Diagnostics) {
        var entries: [Entry] = []
        var problems: [Diagnostic] = []
        for (key, value) in images {
            do throws(Diagnostic) {
                entries.append(try Self.entry(key, value))
            } catch {
                problems.append(error)
            }
        }
        if let found = Diagnostics(problems) { throw found }
        self.entries = entries.sorted { $0.name < $1.name }
    }

    /// The entry of a name, which may carry a digest to be held against the content.
    package func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

    private static func entry(_ key: Value, _ value: Value) throws(Diagnostic) -> Entry {
        guard let name = key.scalarText, ImageReference.isName(name) else {
            throw .error("bad image name \"\(key.scalarText ?? key.kindName)\"", mark: key.mark)
        }
        guard let map = value.map else {
            throw .error(
                "image \"\(name)\" is a mapping, found \(value.kindName)", hint: "write {url: https://…}",
                mark: value.mark)
        }
        for (key, _) in map {
            guard let word = key.scalarText, keys.contains(word) else {
                let near = NearestName.of(key.scalarText ?? "", among: keys).map { "did you mean \"\($0)\"?" }
                throw .error(
                    "image \"\(name)\" has no key \"\(key.scalarText ?? key.kindName)\"",
                    hint: near ?? "known are \(keys.joined(separator: ", "))", mark: key.mark)
            }
        }
        guard let url = map["url"]?.scalarText, let location = ImageLocation(url) else {
            throw .error(
                "image \"\(name)\" has no URL", hint: "write `url: https://…`", mark: map["url"]?.mark ?? key.mark)
        }
        let proof = ImageProof(
            checksum: map["checksum"]?.scalarText, signature: map["signature"]?.scalarText,
            keyring: map["keyring"]?.scalarText)
        if let checksum = proof.checksum, ImageChecksum(checksum) == nil, ImageLocation(checksum) == nil {
            throw .error(
                "image \"\(name)\" has a bad checksum", detail: "found \"\(checksum)\"",
                hint: "write sha256:DIGEST, sha512:DIGEST, or the URL of a list of them", mark: map["checksum"]?.mark)
        }
        return Entry(
            name: name, location: location, proof: proof, package: map["package"]?.scalarText,
            login: map["login"]?.scalarText)
    }
}
