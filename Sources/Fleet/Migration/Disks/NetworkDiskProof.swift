internal import Hypervisor
internal import Inventory
internal import Values

/// Whether a disk on the network is the same for both hosts: the same server by its addresses, and the same size where it
/// can be asked without a password.
struct NetworkDiskProof {
    let hosts: MigrationHosts

    /// What one host sees of it.
    struct Sight: Sendable, Hashable {
        /// Of each server, in order.
        var addresses: [Set<String>] = []
        var capacity: UInt64?
        var problem: String?

        init(_ text: String) {
            for line in text.split(separator: "\n") {
                let fields = line.split(separator: " ", maxSplits: 1).map(String.init)
                let rest = fields.count > 1 ? fields[1] : ""
                switch fields.first {
                case "addresses": addresses.append(Set(rest.split(separator: " ").map(String.init)))
                case "image":
                    let image = try? JSON.read(SourceText(name: "qemu-img", text: rest))
                    capacity = image?["virtual-size"]?.int.flatMap(UInt64.init(exactly:))
                    if capacity == nil { problem = rest }
                default: break
                }
            }
        }
    }

    /// - Returns: what stands against taking it for one; nil when it is proven.
    func problem(of disk: DiskDescription, in guest: DomainDescription) async throws(HostProblem) -> Diagnostic? {
        let element = guest.document.first("devices")?.all("disk").first { element in
            element.first("target")?[attribute: "dev"] == disk.target
        }
        guard let place = element?.first("source") else { return nil }
        let servers = place.all("host")
        let isSecret = element?.first("auth") != nil || place.first("auth") != nil
        let script = Self.script
        let variables = [("url", isSecret ? "" : Self.url(place) ?? "")]
        let names = servers.compactMap { $0[attribute: "name"] }
        guard names.count == servers.count, !names.isEmpty else {
            return Self.refused(disk, "its server is a socket of the host, or not named", at: hosts.source)
        }
        let here = Sight(try await hosts.source.run(script, variables, arguments: names, doing: "look at the disk"))
        let there = Sight(
            try await hosts.destination.run(script, variables, arguments: names, doing: "look at the disk"))
        return Self.judge(here, there, isAsked: !variables[0].1.isEmpty).map {
            Self.refused(disk, $0, at: hosts.destination)
        }
    }

    /// Pure.
    static func judge(_ here: Sight, _ there: Sight, isAsked: Bool) -> String? {
        guard !here.addresses.isEmpty, here.addresses.count == there.addresses.count else {
            return "its server is not known"
        }
        for (own, other) in zip(here.addresses, there.addresses) {
            let isLocal = own.union(other).contains { $0.hasPrefix("127.") || $0 == "::1" }
            if isLocal { return "its server is each host itself" }
            if own.isDisjoint(with: other) { return "its server's name leads to another address there" }
        }
        guard isAsked else { return nil }
        if let problem = there.problem { return "it cannot be reached: \(problem)" }
        if let problem = here.problem { return "the source cannot reach it: \(problem)" }
        return here.capacity == there.capacity ? nil : "it has another size there"
    }

    /// What QEMU's tools call it; nil for what they need more for.
    static func url(_ place: XMLElement) -> String? {
        guard let host = place.first("host"), let server = host[attribute: "name"] else { return nil }
        let address = server.contains(":") ? "[\(server)]" : server
        let name = place[attribute: "name"] ?? ""
        func port(_ standard: Int) -> String { host[attribute: "port"] ?? "\(standard)" }
        switch place[attribute: "protocol"] {
        case "iscsi":
            return "iscsi://\(address):\(port(3260))/\(name.contains("/") ? name : name + "/0")"
        case "nbd" where place[attribute: "tls"] != "yes": return "nbd://\(address):\(port(10809))/\(name)"
        default: return nil
        }
    }

    private static func refused(_ disk: DiskDescription, _ words: String, at side: MigrationHosts.Side) -> Diagnostic {
        .error(
            "the disk \(disk.target) cannot be shown to be the same for both hosts",
            detail: [disk.source?.text, words].compactMap { $0 }.joined(separator: ": "),
            hint: "both hosts must reach one server by one name", host: side.host.name)
    }

    private static let script = """
        for name do
            found=$(getent ahosts "$name" | awk '{ print $1 }' | sort -u | tr '\\n' ' ')
            echo "addresses ${found:-$name}"
        done
        if [ -n "$url" ]; then
            echo "image $(timeout 20 qemu-img info -U -f raw --output=json -- "$url" 2>&1 | tr '\\n' ' ')"
        fi
        """
}
