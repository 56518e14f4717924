internal import ArgumentParser
internal import Fleet
internal import Values

struct ImageAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Take in a disk image; its content is its identity",
        discussion: """
            FILE and URL may be qcow2, raw, vmdk, vhdx or vdi, also packed by xz, zstd, gzip or bzip2; a file that stands on
            others is flattened. An interrupted download is gone on with by the same command.

            EXAMPLES
              drover image add debian-12                       from the catalogue, checksum verified
              drover image add vm:web1 --name golden           from a VM, running or off
              drover image add disk.vmdk.xz --name build --tag 2026-11
              drover image add https://example.org/a.qcow2 --checksum https://example.org/SHA256SUMS \\
                  --signature https://example.org/SHA256SUMS.gpg --keyring keys.gpg
            """)
    @Argument(help: "Image file, URL, name in the catalogue, or VM (vm:NAME)") var source: String
    @Option(help: "Name for people; the file's name without its ending if not given") var name: String?
    @Option(help: "Further name NAME:TAG for the same content (repeatable)") var tag: [String] = []
    @Option(help: "sha256:DIGEST, sha512:DIGEST, or the URL of a list of checksums") var checksum: String?
    @Option(help: "URL of the signature of the list of checksums, or of the image where there is no list")
    var signature: String?
    @Option(help: "File with the keys that may sign (binary, as gpg --dearmor writes it)") var keyring: String?
    @Option(help: "What a packed image may unpack to at most, such as 100G")
    var maxSize: SizeArgument = SizeArgument(mebibytes: 1 << 20)
    @Option(help: "Which disk of a VM; its first if not given") var disk: String?
    @Flag(help: "Let the name stand for this image though it stands for another") var replace = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let intake = ImageIntake(common.fleetDirectory, limit: maxSize.size.bytes) { [common] in common.progress($0) }
        let image: StoredImage
        do {
            image = try await add(by: intake)
        } catch {
            Terminal.clearStatus()
            throw error
        }
        Terminal.clearStatus()
        Output.write(image.value, common.format) {
            "\(image.name)@sha256:\(image.digest) \(image.header.format.rawValue), \(ByteSize(bytes: image.fileSize)) "
                + "of file, \(ByteSize(bytes: image.header.virtualSize)) of disk\n"
        }
    }

    private func add(by intake: ImageIntake) async throws -> StoredImage {
        var names = ImageNames(name: name, tags: tag, replace: replace)
        var proof = ImageProof(checksum: checksum, signature: signature, keyring: keyring)
        if let location = ImageLocation(source) {
            return try await intake.add(.location(location), names: names, proof: proof)
        }
        if DiskPath.exists(DiskPath.expandingHome(source)) || source.contains("/") {
            return try await intake.add(.file(source), names: names, proof: proof)
        }
        if Self.endings.contains(where: { source.hasSuffix(".\($0)") }) {
            throw Diagnostic.error("there is no file \"\(source)\"", hint: "of a VM of that name: vm:\(source)")
        }
        if source.hasPrefix("vm:") { return try await capture(String(source.dropFirst(3)), names) }
        let catalogue = try ImageCatalogue(try? common.fleetDirectory.loadInventory())
        guard let entry = catalogue.entry(source) else { return try await capture(source, names) }
        if names.name.isEmpty { names.name = entry.name }
        proof.checksum = checksum ?? entry.proof.checksum
        proof.signature = signature ?? (checksum == nil ? entry.proof.signature : nil)
        proof.keyring = keyring ?? entry.proof.keyring
        if proof.signature != nil, let package = entry.package, let ring = proof.keyring, !DiskPath.isFile(ring) {
            throw Diagnostic.error(
                "the keyring \"\(ring)\" is not there", detail: "it is needed to check who signed \"\(source)\"",
                hint: "install the package \(package), or name another with --keyring")
        }
        return try await intake.add(.location(entry.location), names: names, proof: proof)
    }

    /// What is called so is meant to be a file.
    private static let endings = ["qcow2", "img", "raw", "vmdk", "vhdx", "vdi", "xz", "zst", "gz", "bz2"]

    private func capture(_ machine: String, _ names: ImageNames) async throws -> StoredImage {
        guard checksum == nil, signature == nil else {
            throw Diagnostic.error(
                "there is no file and no image of the catalogue \"\(machine)\"", detail: "a VM has no checksum",
                hint: "`drover image catalog` shows what can be fetched")
        }
        let context = try common.context()
        let capture = ImageCapture(context, driver: try common.hypervisors(context)) { [common] in common.progress($0) }
        let (image, warnings) = try await capture.capture(machine, disk: disk, names: names)
        Terminal.clearStatus()
        Terminal.show(warnings)
        return image
    }
}

struct ImageCatalog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog", abstract: "List the images that `image add NAME` fetches",
        discussion:
            "They stand under `images:` of the inventory (inventory/images.yaml), over those that come with Drover.",
        aliases: ["catalogue"])
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let catalogue = try ImageCatalogue(try common.fleetDirectory.loadInventory())
        Output.write(Value(catalogue.entries.map(\.value)), common.format) {
            var table = Table("NAME", "VERIFIED BY", "LOGIN", "URL")
            for entry in catalogue.entries {
                let proof = entry.proof.signature != nil ? "signature" : entry.proof.checksum != nil ? "checksum" : "-"
                table.add([entry.name, proof, entry.login ?? "", entry.location.shown])
            }
            return table.text
        }
    }
}
