import ArgumentParser
import Lab
import Values

struct LabExec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Become a command inside the lab's network, as its controller")

    @OptionGroup var options: LabOptions

    @Argument(parsing: .postTerminator, help: "The command and its arguments")
    var command: [String] = []

    func run() async throws {
        let lab = try options.lab()
        do throws(LabError) { try lab.exec(command) } catch { throw Diagnostics(error.diagnostic) }
    }
}
