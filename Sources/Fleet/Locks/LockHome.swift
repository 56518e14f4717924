internal import Inventory
internal import PKI

/// The host on which all who work on something of one name meet, whichever hosts they work on. It follows from the name
/// and the hypervisors' names, so every controller with the inventory knows it without asking.
enum LockHome {
    /// How many are tried when the first do not answer.
    static let candidates = 3

    /// The first is home; the next ones stand in for it while it does not answer. A host that comes or goes moves only
    /// the names that are its own (rendezvous hashing).
    static func hosts(for subject: String, among hosts: [Host]) -> [Host] {
        let weighed = hosts.filter(\.isHypervisor).map { host in
            (host: host, weight: ContentDigest.sha256(Array("\(host.name)\n\(subject)".utf8)))
        }
        return weighed.sorted { ($1.weight, $1.host.name) < ($0.weight, $0.host.name) }.prefix(candidates).map(\.host)
    }
}
