import ArgumentParser
import Lab

struct LabImage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Make the small bootable guest image; the last line is its path")

    @OptionGroup var options: LabOptions

    func run() async throws {
        let path = try await reportingLabErrors { () throws(LabError) in
            try await Lab.image(progress: LabView.progress)
        }
        print(path)
    }
}
