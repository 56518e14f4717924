internal import Hypervisor
internal import Inventory
internal import Values

/// The definitions of VMs as they were when their hosts last answered: what a host that is lost cannot tell any more. They
/// are without secrets, and kept in the fleet directory, a file for each host.
struct DefinitionMemory: Sendable {
    struct Known: Sendable, Hashable {
        var name: String
        var uuid: String
        var xml: String
        /// Whether it ran when it was last seen.
        var isActive: Bool
        var autostart: Bool
        /// Changes with every operation of Drover's on it, and with what a list of VMs shows.
        var fingerprint: String

        init?(_ value: Value) {
            guard let name = value["name"]?.string, let uuid = value["uuid"]?.string, let xml = value["xml"]?.string
            else { return nil }
            self.name = name
            self.uuid = uuid
            self.xml = xml
            isActive = value["active"]?.bool ?? false
            autostart = value["autostart"]?.bool ?? false
            fingerprint = value["fingerprint"]?.string ?? ""
        }

        init(_ machine: DomainSummary, xml: String) {
            name = machine.name
            uuid = machine.uuid
            self.xml = xml
            isActive = machine.state.isActive
            autostart = machine.autostart
            fingerprint = Self.fingerprint(of: machine)
        }

        var value: Value {
            [
                "name": Value(name), "uuid": Value(uuid), "xml": Value(xml), "active": Value(isActive),
                "autostart": Value(autostart), "fingerprint": Value(fingerprint),
            ]
        }

        static func fingerprint(of machine: DomainSummary) -> String {
            "\(machine.name) \(machine.cpus) \(machine.memoryMiB) \(machine.metadata?.operation ?? "")"
        }
    }

    private let folder: String

    init(_ fleet: FleetDirectory) { folder = DiskPath.join(fleet.memory, "definitions") }

    private func path(_ host: String) -> String { DiskPath.join(folder, "\(host).json") }

    func known(on host: String) -> [Known] {
        guard let text = try? DiskFile.readText(path(host)) else { return [] }
        let list = (try? JSON.read(SourceText(name: path(host), text: text)))?.list ?? []
        return list.compactMap(Known.init)
    }

    /// Takes in what a host has: new definitions are read, and those that may have changed. What cannot be read or kept is
    /// left for the next time.
    func refresh(_ machines: [DomainSummary], on host: Host, over connection: HypervisorConnection) async {
        let before = known(on: host.name)
        let last = Dictionary(before.map { ($0.uuid, $0) }) { first, _ in first }
        var now: [Known] = []
        for machine in machines where machine.persistent {
            if var known = last[machine.uuid], known.fingerprint == Known.fingerprint(of: machine) {
                known.isActive = machine.state.isActive
                known.autostart = machine.autostart
                now.append(known)
            } else if let xml = try? await connection.xml(.uuid(machine.uuid), .inactive) {
                now.append(Known(machine, xml: xml))
            }
        }
        guard now != before, (try? DiskPath.makeDirectory(folder, mode: 0o700)) != nil else { return }
        try? DiskFile.write(Array(JSON.write(Value(now.map(\.value))).utf8), to: path(host.name), mode: 0o600)
    }

    func forget(_ host: String) { DiskPath.remove(path(host)) }
}
