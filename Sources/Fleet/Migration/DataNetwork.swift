internal import Inventory
internal import Values

/// The network that carries memory and disks of a migration: a name in the destination's vars
/// (`networks: {san: 10.88.0.11}`), or a range (`10.88.0.0/24`) that one of its addresses lies in.
struct DataNetwork: Sendable {
    private let text: String

    init(_ text: String) { self.text = text }

    /// What the host's vars say; nil when they do not name this network.
    func named(by host: Host) -> String? { host.vars["networks"]?[text]?.string }

    /// The destination's address in it.
    /// - Parameter addresses: those that it has.
    /// - Throws: `Diagnostics` when it has none in the network.
    func address(of host: Host, having addresses: Set<String>) throws(Diagnostics) -> String {
        if let address = named(by: host), !address.isEmpty { return address }
        if let odd = host.vars["networks"]?[text] {
            throw Diagnostics(
                .error(
                    "bad address of \(host.name) in the network \"\(text)\"", detail: "found \(odd.kindName)",
                    mark: odd.mark, host: host.name))
        }
        guard let range = AddressRange(text) else {
            let names = host.vars["networks"]?.map?.keys.map { "\"\($0)\"" }.joined(separator: ", ") ?? ""
            throw Diagnostics(
                .error(
                    "there is no network \"\(text)\" for memory and disks",
                    detail: names.isEmpty ? "the var \"networks\" names none" : "the var \"networks\" names \(names)",
                    hint:
                        "write vars: {networks: {\(text): ADDRESS}} for the host, or give a range such as 10.88.0.0/24",
                    host: host.name))
        }
        // Those of one link need a zone, which no certificate and no URI has.
        let usable = addresses.filter { !$0.hasPrefix("fe80:") }.sorted()
        guard let address = usable.first(where: range.contains) else {
            throw Diagnostics(
                .error(
                    "no address of it lies in \(text)", detail: "it has \(usable.joined(separator: ", "))",
                    hint: "give a range that one of these lies in, or name the network in the host's vars",
                    host: host.name))
        }
        return address
    }
}
