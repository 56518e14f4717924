internal import ArgumentParser
internal import Fleet

struct ImageTag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Give an image a further name",
        discussion: """
            EXAMPLES
              drover image tag debian-12@sha256:9f86d081 debian-12:tested
            """)
    @Argument(help: "Image") var image: String
    @Argument(help: "Name, or NAME:TAG") var name: String
    @Flag(help: "Let the name stand for this image though it stands for another") var replace = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = ImageStore(common.fleetDirectory)
        let found = try store.find(image)
        try store.name(found, ImageNames(name: name, replace: replace))
        Terminal.note("\(name) is sha256:\(found.digest)")
    }
}
