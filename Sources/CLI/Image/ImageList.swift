internal import ArgumentParser
internal import Fleet
internal import Values

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
    var value: Value {
        [
            "name": Value(name), "sha256": Value(digest), "format": Value(header.format.rawValue),
            "file_bytes": Value(fileSize), "virtual_bytes": Value(header.virtualSize),
        ]
    }
}
