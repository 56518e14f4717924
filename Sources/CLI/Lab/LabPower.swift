import ArgumentParser
import Lab

struct LabPower: AsyncParsableCommand {
    enum Wish: String, ExpressibleByArgument, CaseIterable { case on, off }

    static let configuration = CommandConfiguration(
        commandName: "power", abstract: "Switch a host on, or pull its plug")

    @OptionGroup var options: LabOptions

    @Argument(help: "The host: hv1, hv2, ..")
    var host: String

    @Argument(help: "on or off")
    var wish: Wish

    func run() async throws {
        let lab = try options.lab()
        try await reportingLabErrors { () throws(LabError) in
            try await lab.power(host, on: wish == .on, progress: LabView.progress)
        }
    }
}
