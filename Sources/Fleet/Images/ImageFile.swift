internal import Inventory
internal import Values

/// An image that is told by where it lies, as Salt's disk profiles do: a file of the roles (`salt://images/a.qcow2`), a
/// file of the controller, or a URL. The store has it under the file's name.
struct ImageFile: Sendable, Hashable {
    let word: String
    let name: String

    /// Nil for what is a name.
    init?(_ word: String) {
        guard word.contains("/") else { return nil }
        self.word = word
        let file = ImageLocation(word)?.fileName ?? DiskPath.lastComponent(word)
        name = ImageNames(name: nil).filled(from: file).name
    }

    /// Whether the store lacks it.
    func isMissing(in directory: FleetDirectory) -> Bool { (try? ImageStore(directory).find(name)) == nil }

    /// Paths are relative to the fleet's directory.
    /// - Throws: `Diagnostics` where there is no such file.
    func source(in directory: FleetDirectory) throws(Diagnostics) -> ImageIntake.Source {
        if let location = ImageLocation(word) { return .location(location) }
        for scheme in ["salt://", "drover://"] where word.hasPrefix(scheme) {
            if let path = RoleTree(directory).locate(String(word.dropFirst(scheme.count))) { return .file(path) }
            throw Diagnostics(
                .error(
                    "there is no image file \"\(word)\"", hint: "put it into a folder of the roles, or name an image"))
        }
        let path = DiskPath.expandingHome(word)
        let whole = path.hasPrefix("/") ? path : DiskPath.join(directory.root, path)
        guard DiskPath.isFile(whole) else {
            throw Diagnostics(
                .error(
                    "there is no image file \"\(whole)\" on the controller",
                    hint: "give a file, a URL, or the name of an image: `drover image list` shows them"))
        }
        return .file(whole)
    }

    /// Makes it an image of the store, unless one of its name is there.
    func takeIn(_ context: FleetContext, say: @escaping @Sendable (String) -> Void) async throws {
        guard isMissing(in: context.directory) else { return }
        let source = try source(in: context.directory)
        say("taking in the image \"\(name)\"")
        _ = try await ImageIntake(context.directory, say: say).add(source, names: ImageNames(name: name))
    }
}

extension MachineSpec {
    /// Those of its images that are told by where they lie.
    var imageFiles: [ImageFile] { ([image] + disks.map(\.image)).compactMap { $0.flatMap(ImageFile.init) } }

    /// The same with those of the disk profile that counts on a host.
    func imageFiles(on host: Host) throws(Diagnostics) -> [ImageFile] {
        try imageFiles + disks(on: host).compactMap { $0.image.flatMap(ImageFile.init) }
    }

    /// Says all its images by their names.
    mutating func nameImages() {
        func named(_ word: String?) -> String? { word.map { ImageFile($0)?.name ?? $0 } }
        image = named(image)
        for index in disks.indices { disks[index].image = named(disks[index].image) }
    }
}
