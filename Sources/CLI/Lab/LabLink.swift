import ArgumentParser
import Lab

struct LabLink: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link",
        abstract: "Cut a host's cable, let it lose what the host sends or hears, slow it down, or restore it")

    @OptionGroup var options: LabOptions

    @Argument(help: "The host: hv1, hv2, ..")
    var host: String

    @Argument(help: "cut, one-way (what it sends is lost), deaf (what is sent to it), slow (10 Mbit/s) or restore")
    var state: LinkState

    func run() async throws {
        let lab = try options.lab()
        try await reportingLabErrors { () throws(LabError) in try await lab.link(host, state) }
    }
}

extension LinkState: ExpressibleByArgument {}
