internal import ArgumentParser
internal import Fleet
internal import Values

struct VMScreenshot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "screenshot", abstract: "Save a picture of a VM's screen as PNG",
        discussion: """
            EXAMPLES
              drover vm screenshot web1
              drover vm screenshot web1 -o - > now.png
            """)
    @Argument(help: "VM") var name: String
    @Option(name: [.customShort("o"), .long], help: "File; - for standard output; VM.png if not given")
    var output: String?
    @Option(help: "Number of the screen, from 0") var screen = 0
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...64).contains(screen) else { throw ValidationError("--screen must be 0 to 64") }
    }

    func run() async throws {
        let context = try common.context()
        let screenshot = MachineScreenshot(context, driver: try common.hypervisors(context))
        let picture = try await screenshot.take(name, screen: screen)
        guard output != "-" else {
            guard await StandardStreams.write(picture) else {
                throw CommandFailure(.error, [.error("standard output does not take the picture")])
            }
            return
        }
        let path = output ?? "\(name).png"
        try DiskFile.write(picture, to: path)
        let value: Value = ["vm": Value(name), "file": Value(DiskPath.absolute(path)), "bytes": Value(picture.count)]
        Output.write(value, common.format) { path + "\n" }
    }
}
