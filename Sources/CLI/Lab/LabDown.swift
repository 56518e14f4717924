import ArgumentParser
import Lab

struct LabDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Remove the lab with all its hosts; downloads and images stay")

    @OptionGroup var options: LabOptions

    func run() async throws {
        let lab = try options.lab()
        let found = try await reportingLabErrors { () throws(LabError) in try await lab.down(progress: LabView.progress)
        }
        LabView.progress(found ? "the lab \"\(lab.name)\" is gone" : "there was no lab \"\(lab.name)\"")
    }
}
