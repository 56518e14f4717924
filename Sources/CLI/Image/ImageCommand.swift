internal import ArgumentParser
internal import Fleet
internal import Values

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Keep the disk images that VMs are made from",
        subcommands: [ImageAdd.self, ImageList.self])
}

struct ImageAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Take in a qcow2 or raw disk image; its content is its identity")
    @Argument(help: "Image file") var file: String
    @Option(help: "Name for people; the file's name without its ending if not given") var name: String?
    @Flag(help: "Let the name stand for this image though it stands for another") var replace = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let image = try await ImageStore(common.fleetDirectory).add(file: file, name: name, replace: replace)
        Output.write(image.value, common.format) {
            "\(image.name)@sha256:\(image.digest) \(image.header.format.rawValue), \(ByteSize(bytes: image.fileSize)) "
                + "of file, \(ByteSize(bytes: image.header.virtualSize)) of disk\n"
        }
    }
}

struct ImageList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the images of this controller", aliases: ["ls"])
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let images = try ImageStore(common.fleetDirectory).list()
        Output.write(Value(images.map(\.value)), common.format) {
            var table = Table("NAME", "SHA256", "FORMAT", "FILE", "DISK")
            for image in images {
                table.add([
                    image.name, String(image.digest.prefix(16)), image.header.format.rawValue,
                    "\(ByteSize(bytes: image.fileSize))", "\(ByteSize(bytes: image.header.virtualSize))",
                ])
            }
            return table.text
        }
    }
}

extension StoredImage {
    fileprivate var value: Value {
        [
            "name": Value(name), "sha256": Value(digest), "format": Value(header.format.rawValue),
            "file_bytes": Value(fileSize), "virtual_bytes": Value(header.virtualSize),
        ]
    }
}
