package import Inventory
package import SSH
internal import Values

/// Takes in the SSH keys of hosts after a person has looked at them.
package struct HostTrust: Sendable {
    /// What a host shows, against what is known of it.
    package struct Offer: Sendable {
        package let host: Host
        package let keys: [HostKey]
        /// Keys that are known already.
        package let known: [HostKey]
        /// Of the types offered, known ones that are another key now.
        package let replaced: [HostKey]

        package var isNews: Bool { keys.contains { !known.contains($0) } }
    }

    private let directory: FleetDirectory
    private let timeout: Double

    package init(_ directory: FleetDirectory, timeout: Int) {
        self.directory = directory
        self.timeout = Double(timeout)
    }

    /// Asks each host for its keys, one handshake a type; nobody logs in.
    package func offers(_ hosts: [Host], parallel: Int) async throws -> [Result<Offer, HostProblem>] {
        let known = try KnownHosts(files: SSHConnector.knownHostsFiles(directory))
        return await fanOut(hosts, limit: parallel) { host in
            do throws(SSHError) {
                let port = host.port ?? 22
                let keys = try await SSHSession.hostKeys(of: host.address, port: port, timeout: timeout)
                let there = known.keys(host: host.address, port: port)
                let types = Set(keys.map(\.type))
                return .success(
                    Offer(
                        host: host, keys: keys, known: there,
                        replaced: there.filter { types.contains($0.type) && !keys.contains($0) }))
            } catch {
                return .failure(HostProblem(.unreachable, error.diagnostic(host: host.name)))
            }
        }
    }

    /// Writes the keys into the fleet's known_hosts; lines of the same hosts with other keys of these types go.
    package func accept(_ offers: [Offer]) throws {
        let path = directory.knownHosts
        let old = DiskPath.exists(path) ? try DiskFile.readText(path) : ""
        var lines = old.split(separator: "\n").map(String.init)
        for offer in offers {
            let port = offer.host.port ?? 22
            let gone = Set(offer.replaced.map { KnownHosts.line(host: offer.host.address, port: port, key: $0) })
            lines.removeAll(where: gone.contains)
            for key in offer.keys where !offer.known.contains(key) {
                lines.append(KnownHosts.line(host: offer.host.address, port: port, key: key))
            }
        }
        try DiskPath.makeDirectory(DiskPath.parent(path))
        try DiskFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
    }
}
