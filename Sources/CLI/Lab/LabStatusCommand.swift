import ArgumentParser
import Lab

struct LabStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show the lab's hosts and leases")

    @OptionGroup var options: LabOptions

    @Option(help: "table, json or yaml") var format: OutputFormat = .table

    func run() async throws {
        let lab = try options.lab()
        let status = try await reportingLabErrors { () throws(LabError) in try await lab.status() }
        if format == .table { LabView.show(status) } else { Output.write(status.value, format) { "" } }
    }
}
