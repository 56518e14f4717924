internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMIP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ip", abstract: "Print the addresses of a VM's guest, the best one first",
        discussion: """
            They come from the guest's agent, libvirt's DHCP leases, the host's neighbour table and this machine's; if none of them
            knows one, the host asks its network for the VM's MAC addresses. --format json says who said what.

            EXAMPLES
              drover vm ip web1
              ping $(drover vm ip web1 --first)
              drover vm ip web1 --wait-for 120
            """)
    @Argument(help: "VM") var name: String
    @Flag(help: "Print the first address only") var first = false
    @Flag(help: "Wait until the guest has one") var wait = false
    @Option(help: "The same, but wait at most so many seconds (60)") var waitFor: Int?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let waitFor, !(1...86_400).contains(waitFor) {
            throw ValidationError("--wait-for must be 1 to 86400 seconds")
        }
    }

    func run() async throws {
        let context = try common.context()
        let access = MachineAccess(context, driver: try common.hypervisors(context))
        let found = try await access.find(name)
        var addresses: [GuestAddress]
        if wait || waitFor != nil {
            let waiting = GuestWaiting(context, driver: try common.hypervisors(context)) { [common] in
                common.progress($0)
            }
            defer { Terminal.clearStatus() }
            addresses = try await waiting.wait(for: found, seconds: waitFor ?? 60, goal: .address).addresses
        } else {
            addresses = try await access.addresses(of: found)
        }
        guard !addresses.isEmpty else {
            throw CommandFailure(
                .error,
                [
                    .error(
                        "nobody knows an address of \"\(name)\"",
                        detail: "neither its agent, nor leases, nor neighbour tables, nor its host's network",
                        hint: "it may still be starting: add --wait; `drover vm console \(name)` shows what it does",
                        host: found.host.name)
                ])
        }
        if first { addresses = Array(addresses.prefix(1)) }
        Output.write(Value(addresses.map(\.value)), common.format) {
            addresses.map { $0.address + "\n" }.joined()
        }
    }
}
