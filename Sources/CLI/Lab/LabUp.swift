import ArgumentParser
import Lab

struct LabUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Make the lab, or start what is not running of it; waits until all hosts are up")

    @OptionGroup var options: LabOptions

    @Argument(help: "How many hosts (default: as many as there are, or 2)")
    var hosts: Int?

    @Flag(help: "Add a host \"san\", whose disks all others can use over iSCSI")
    var san = false

    @Flag(help: "Have the hosts install QEMU from the release's backports; only when the lab is made")
    var backports = false

    func run() async throws {
        let lab = try options.lab()
        let status = try await reportingLabErrors { () throws(LabError) in
            try await lab.up(hosts: hosts, san: san, backports: backports, progress: LabView.progress)
        }
        LabView.show(status)
    }
}
