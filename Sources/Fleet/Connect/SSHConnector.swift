internal import Glibc
package import Inventory
internal import PKI
package import SSH
package import Values

/// Reaches hosts over SSH. Host keys are strict; what the fleet directory knows is read before the user's own file.
package struct SSHConnector: Connector {
    private let knownHosts: KnownHosts
    private let timeout: Double
    private let hosts: [String: Host]

    /// - Parameters:
    ///   - timeout: seconds for a connection to come about.
    ///   - hosts: the inventory's, among which a `jump` is looked for.
    /// - Throws: `Diagnostics` when a known_hosts file cannot be read.
    package init(_ directory: FleetDirectory, timeout: Int, hosts: [Host]) throws(Diagnostics) {
        do throws(SSHError) {
            knownHosts = try KnownHosts(files: Self.knownHostsFiles(directory))
        } catch {
            throw Diagnostics(error.diagnostic(host: nil))
        }
        self.timeout = Double(timeout)
        self.hosts = Dictionary(hosts.map { ($0.name, $0) }) { first, _ in first }
    }

    package static func knownHostsFiles(_ directory: FleetDirectory) -> [String] {
        [directory.knownHosts, DiskPath.join(DiskPath.home, ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"]
    }

    package func connect(to host: Host) async throws(HostProblem) -> any HostConnection {
        if let obstacle = host.obstacle { throw HostProblem(.unreachable, obstacle) }
        do throws(SSHError) {
            return SSHHostConnection(host: host.name, session: try await session(to: host, depth: 0))
        } catch {
            var diagnostic = error.diagnostic(host: host.name)
            if host.hostKey != nil, let advice = Self.adviceOnGiven(error.code) { diagnostic.hint = advice }
            throw HostProblem(.unreachable, diagnostic)
        }
    }

    /// What to do when a host does not show the key that it was given.
    private static func adviceOnGiven(_ code: SSHError.Code) -> String? {
        switch code {
        case .hostKeyUnknown, .hostKeyChanged:
            "the VM was given its host key at first boot: its image may have made another since, or somebody else answers"
        default: nil
        }
    }

    private func session(to host: Host, depth: Int) async throws(SSHError) -> SSHSession {
        var jump: SSHSession?
        if let name = host.jump {
            guard let via = hosts[name], depth < 8 else {
                throw SSHError(.unreachable, "its jump host \"\(name)\" is not in the inventory", host: host.name)
            }
            jump = try await session(to: via, depth: depth + 1)
        }
        return try await SSHSession.connect(
            to: destination(host), knownHosts: knownHosts(of: host), credentials: credentials(host), via: jump)
    }

    /// A host that was given its key is known by its name: VMs use one address after another.
    private func knownHosts(of host: Host) -> KnownHosts {
        guard let key = host.hostKey else { return knownHosts }
        return KnownHosts(key: key, alias: host.name, source: "the key given to \(host.name)")
    }

    private func destination(_ host: Host) -> SSHDestination {
        let identities =
            host.identity.map { [DiskPath.expandingHome($0)] }
            ?? SSHDestination.defaultIdentities(home: DiskPath.home)
        return SSHDestination(
            host: host.address, port: host.port ?? 22, user: host.user ?? Self.ownName,
            hostKeyAlias: host.hostKey == nil ? nil : host.name, identities: identities, connectTimeout: timeout)
    }

    private static var ownName: String {
        guard let record = getpwuid(getuid()), let name = record.pointee.pw_name else { return "root" }
        return String(cString: name)
    }

    private func credentials(_ host: Host) -> SSHCredentials {
        var credentials = SSHCredentials()
        if let command = host.identityPassphraseCommand {
            credentials.passphrase = { _ in await SecretCommand.secret(from: command) }
        }
        if let command = host.passwordCommand {
            credentials.password = { await SecretCommand.secret(from: command) }
        }
        return credentials
    }
}

extension HostKey {
    /// As `ssh-keygen -l` prints it.
    package var fingerprint: String { fingerprint { ContentDigest.rawSHA256($0) } }
}

extension SSHError {
    /// What this says to a person, with the file and line that decided.
    package func diagnostic(host: String?) -> Diagnostic {
        var detail: [String] = []
        if let file { detail.append("\(file)\(line.map { ":\($0)" } ?? "")") }
        if let knownKey { detail.append("known:     \(knownKey.type) \(knownKey.fingerprint)") }
        if let presentedKey { detail.append("presented: \(presentedKey.type) \(presentedKey.fingerprint)") }
        // The library knows addresses; the command takes the inventory's names.
        return .error(
            message, detail: detail.isEmpty ? nil : detail.joined(separator: "\n"),
            hint: host.flatMap(advice) ?? hint, host: host)
    }

    private func advice(_ host: String) -> String? {
        switch code {
        case .hostKeyUnknown: "compare the fingerprint with the machine's own, then run `drover host trust -t \(host)`"
        case .hostKeyChanged:
            "if the machine was reinstalled, run `drover host trust -t \(host) --replace`; if not, somebody else may be answering"
        case .unreachable, .timeout:
            hint
                ?? "see that the machine is on and sshd runs on it; `drover host show \(host)` shows its address and port"
        case .connectionLost:
            hint ?? "run it again when the host answers; a state run that had begun there goes on by itself"
        default: nil
        }
    }
}

/// A host over one SSH session.
private struct SSHHostConnection: HostConnection {
    let host: String
    private let own: SSHSession
    var session: SSHSession? { own }

    init(host: String, session: SSHSession) {
        self.host = host
        own = session
    }

    var peerAddress: String? { own.peerAddress }

    func open(_ command: String) async throws(HostProblem) -> any HostChannel {
        do throws(SSHError) {
            return SSHHostChannel(host: host, channel: try await own.exec(command))
        } catch {
            throw HostProblem(.lost, error.diagnostic(host: host))
        }
    }

    func close() async { await own.close() }
}

private struct SSHHostChannel: HostChannel {
    let host: String
    let channel: SSHChannel

    func write(_ bytes: [UInt8]) async throws(HostProblem) {
        try await translated { () throws(SSHError) in try await channel.write(bytes) }
    }

    func finishWriting() async throws(HostProblem) {
        try await translated { () throws(SSHError) in try await channel.sendEOF() }
    }

    func read() async throws(HostProblem) -> ChannelChunk? {
        let event = try await translated { () throws(SSHError) in try await channel.read() }
        switch event {
        case .output(let bytes): return .output(bytes)
        case .error(let bytes): return .error(bytes)
        case nil: return nil
        }
    }

    func exit() async throws(HostProblem) -> ChannelExit {
        switch try await translated({ () throws(SSHError) in try await channel.exitStatus() }) {
        case .exited(let code): return .code(code)
        case .signalled(let name): return .signal(name)
        case .missing: return .unknown
        }
    }

    func close() async { await channel.close() }

    private func translated<Answer>(
        _ body: () async throws(SSHError) -> Answer
    ) async throws(HostProblem) -> Answer {
        do throws(SSHError) {
            return try await body()
        } catch {
            throw HostProblem(.lost, error.diagnostic(host: host))
        }
    }
}
