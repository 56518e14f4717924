import ArgumentParser
import Lab

struct LabInventoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory", abstract: "Print the lab's hosts as an inventory, for -i")

    @OptionGroup var options: LabOptions

    func run() async throws {
        let lab = try options.lab()
        print(try await reportingLabErrors { () throws(LabError) in try lab.inventory() }, terminator: "")
    }
}
