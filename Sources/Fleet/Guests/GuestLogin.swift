internal import Inventory
internal import SSH

/// As whom, and with which keys, Drover logs in to its guests.
struct GuestLogin: Sendable {
    let user: String
    /// The public halves of the private keys that are tried, in OpenSSH's notation; a key without one beside it is left
    /// out.
    let keys: [String]
}

extension GuestLogin {
    init(_ host: Host) {
        user = host.user ?? "root"
        let identities =
            host.identity.map { [DiskPath.expandingHome($0)] }
            ?? SSHDestination.defaultIdentities(home: DiskPath.home)
        keys = identities.compactMap { identity in
            let lines = (try? DiskFile.readText(identity + ".pub"))?.split(separator: "\n") ?? []
            return lines.first { $0.hasPrefix("ssh-") || $0.hasPrefix("ecdsa-") || $0.hasPrefix("sk-") }.map(
                String.init)
        }
    }
}
