import ArgumentParser
import Lab
import Values

struct LabShell: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "A root shell on a host, or a command run there by sh; needs no network")

    @OptionGroup var options: LabOptions

    @Argument(help: "The host: hv1, hv2, ..")
    var host: String

    @Argument(parsing: .postTerminator, help: "What sh runs, joined by spaces; nothing is a login shell")
    var command: [String] = []

    func run() async throws {
        let lab = try options.lab()
        do throws(LabError) { try lab.shell(host, command) } catch { throw Diagnostics(error.diagnostic) }
    }
}
