import ArgumentParser
import Lab
import Values

/// `drover lab`: real hypervisors on one machine, for trying and testing everything without hardware.
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Bare Debian hosts on this machine, made of namespaces",
        subcommands: [
            LabUp.self, LabStatusCommand.self, LabInventoryCommand.self, LabImage.self, LabShell.self, LabExec.self,
            LabPower.self, LabLink.self, LabSAN.self, LabDown.self,
        ])
}

/// Which lab a command is about.
struct LabOptions: ParsableArguments {
    @Option(name: .long, help: "The lab's name; several stand side by side")
    var name = "lab"

    /// The lab of that name, whether it is there or not.
    func lab() throws(Diagnostics) -> Lab {
        do throws(LabError) { return try Lab(name: name) } catch { throw Diagnostics(error.diagnostic) }
    }
}

/// Runs what throws a lab's errors, and throws them as diagnostics.
func reportingLabErrors<Result>(_ body: () async throws(LabError) -> Result) async throws(Diagnostics) -> Result {
    do throws(LabError) { return try await body() } catch { throw Diagnostics(error.diagnostic) }
}
