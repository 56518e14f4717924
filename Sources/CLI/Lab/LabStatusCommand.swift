import ArgumentParser
import Lab

struct LabStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show the lab's hosts and leases.")

    @OptionGroup var options: LabOptions

    func run() async throws {
        let lab = try options.lab()
        LabView.show(try await reportingLabErrors { () throws(LabError) in try await lab.status() })
    }
}
