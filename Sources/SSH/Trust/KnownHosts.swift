/// What known_hosts files say about hosts, read once and asked for every host of a run.
///
/// The files are OpenSSH's (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain, wildcard, negated and hashed names, `[host]:port`,
/// several names on a line, `@revoked`. `@cert-authority` lines are understood and reported, but host certificates cannot be
/// checked by libssh2. Verdicts are those of `ssh -o StrictHostKeyChecking=yes`, with one difference: a key revoked for
/// `host` is refused on every port of it.
public struct KnownHosts: Sendable {
    private let lines: [KnownHostsLine]
    /// The files in the order in which they were given.
    public let files: [String]

    /// What the files say about a key that a server shows.
    public enum Verdict: Sendable, Hashable {
        case match(file: String, line: Int)
        /// A key of the same type is known, and it is another one.
        case changed(file: String, line: Int, known: HostKey)
        case revoked(file: String, line: Int)
        /// Nothing is known. `otherTypes` are the types of the keys that are known for this host, if there are some.
        case unknown(otherTypes: [String])
        /// Only a certificate authority is known for this host.
        case authorityOnly(file: String, line: Int)
    }

    /// Reads the files. One that does not exist counts as empty.
    ///
    /// - Throws: `unsupportedKnownHosts` for a file that exists and cannot be read: it might have revocations in it.
    public init(files: [String]) throws(SSHError) {
        var lines: [KnownHostsLine] = []
        for file in files {
            lines += try Self.read(file)
        }
        self.files = files
        self.lines = lines
    }

    /// Knows one key of one host, and nothing of any other.
    ///
    /// - Parameters:
    ///   - key: Type and key in base 64; anything else makes a store in which nothing is known.
    ///   - alias: The name that the host goes by.
    ///   - source: Where the key is from, for messages.
    public init(key: String, alias: String, source: String) {
        files = []
        lines = KnownHostsLine(Array("\(alias) \(key)".utf8)[...], file: source, number: 1).map { [$0] } ?? []
    }

    /// Keys known for a host, the plain ones only.
    public func keys(host: String, port: Int = 22, alias: String? = nil) -> [HostKey] {
        relevant(host, port, alias).filter { $0.marker == .none }.map(\.key)
    }

    /// Judges the key that a server showed.
    public func verify(host: String, port: Int = 22, alias: String? = nil, key: HostKey) -> Verdict {
        let names = Self.names(host, port, alias)
        let revoked = lines.first { line in
            line.marker == .revoked && line.key == key && names.contains(where: line.names.matches)
        }
        if let revoked { return .revoked(file: revoked.file, line: revoked.number) }
        let known = relevant(host, port, alias)
        let plain = known.filter { $0.marker == .none }
        if let line = plain.first(where: { $0.key == key }) {
            return .match(file: line.file, line: line.number)
        }
        if let line = plain.first(where: { $0.key.type == key.type }) {
            return .changed(file: line.file, line: line.number, known: line.key)
        }
        if plain.isEmpty, let line = known.first(where: { $0.marker == .authority }) {
            return .authorityOnly(file: line.file, line: line.number)
        }
        var types: [String] = []
        for line in plain where !types.contains(line.key.type) { types.append(line.key.type) }
        return .unknown(otherTypes: types)
    }

    /// The host-key algorithms to offer, those with a known key first; nil if none is known.
    ///
    /// So a server that has been given another kind of key since still shows the one that can be compared. A revoked key
    /// counts as none.
    public func preferredAlgorithms(host: String, port: Int = 22, alias: String? = nil) -> String? {
        let names = Self.names(host, port, alias)
        let revoked = lines.filter { $0.marker == .revoked && names.contains(where: $0.names.matches) }.map(\.key)
        let known = keys(host: host, port: port, alias: alias).filter { !revoked.contains($0) }.map(\.type)
        let first = Algorithms.hostKeys.filter(known.contains)
        guard !first.isEmpty else { return nil }
        return (first + Algorithms.hostKeys.filter { !known.contains($0) }).joined(separator: ",")
    }

    /// The line that makes a key known.
    public static func line(host: String, port: Int = 22, key: HostKey) -> String {
        "\(names(host, port, nil)[0]) \(key.text)"
    }

    /// The lines about a host: those about the port, or, if none of them has a plain key, those about the host as such, as
    /// OpenSSH does it.
    private func relevant(_ host: String, _ port: Int, _ alias: String?) -> [KnownHostsLine] {
        var found: [KnownHostsLine] = []
        for name in Self.names(host, port, alias) {
            found += lines.filter { $0.marker != .revoked && $0.names.matches(name) }
            if found.contains(where: { $0.marker == .none }) { break }
        }
        return found
    }

    /// The names under which a host's key may stand, the more exact one first.
    private static func names(_ host: String, _ port: Int, _ alias: String?) -> [String] {
        if let alias { return [alias] }
        return port == 22 ? [host] : ["[\(host)]:\(port)", host]
    }

    private static func read(_ file: String) throws(SSHError) -> [KnownHostsLine] {
        let bytes: [UInt8]
        do {
            bytes = try LocalFile.read(file, limit: 64 << 20)
        } catch .missing {
            return []
        } catch .system(let number) {
            var error = SSHError.system(.unsupportedKnownHosts, "cannot read known_hosts file '\(file)'", number)
            error.file = file
            throw error
        } catch {
            throw SSHError(.unsupportedKnownHosts, "known_hosts file '\(file)' is larger than 64 MiB")
        }
        let texts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return texts.enumerated().compactMap { KnownHostsLine($1, file: file, number: $0 + 1) }
    }
}

extension KnownHosts {
    /// Accepts the key of a server, or says why not.
    ///
    /// - Throws: hostKeyChanged, hostKeyRevoked, hostKeyUnknown, unsupportedKnownHosts.
    func check(host: String, port: Int, alias: String?, key: HostKey, offer: ServerOffer?) throws(SSHError) {
        let name = alias ?? (port == 22 ? host : "[\(host)]:\(port)")
        var error: SSHError
        switch verify(host: host, port: port, alias: alias, key: key) {
        case .match: return
        case .changed(let file, let line, let known):
            error = SSHError(
                .hostKeyChanged,
                "the \(key.type) host key has changed: the server shows another one than \(file):\(line) has",
                hint: "if the host was reinstalled, remove that line and run 'drover host trust \(host)'; "
                    + "if not, somebody else may be answering")
            (error.file, error.line, error.knownKey) = (file, line, known)
        case .revoked(let file, let line):
            error = SSHError(
                .hostKeyRevoked, "the \(key.type) host key that the server shows is revoked by \(file):\(line)",
                hint: "give the host a new key; this one must not be trusted again")
            (error.file, error.line) = (file, line)
        case .authorityOnly(let file, let line):
            error = SSHError(
                .unsupportedKnownHosts,
                "only a certificate authority is known for '\(name)' (\(file):\(line)), and libssh2 cannot check host "
                    + "certificates; the server shows a key of type \(key.type)",
                hint: "run 'drover host trust \(host)' to accept the host's own key")
            (error.file, error.line) = (file, line)
        case .unknown(let otherTypes):
            error = SSHError(
                .hostKeyUnknown,
                "the host key is not known: the server shows a key of type \(key.type)"
                    + Self.remark(on: otherTypes, offer: offer),
                hint: "compare the fingerprint, then run 'drover host trust \(host)'")
        }
        error.presentedKey = key
        throw error.at(host)
    }

    private static func remark(on known: [String], offer: ServerOffer?) -> String {
        guard !known.isEmpty else { return "" }
        let list = known.joined(separator: ", ")
        let isSHA2Only = known.contains("ssh-rsa") && offer.map { !$0.hostKeys.contains("ssh-rsa") } == true
        return "; known for this host: \(list)"
            + (isSHA2Only
                ? " (libssh2 \(LibrarySession.version) cannot check RSA keys with SHA-2, which is all that the server does)"
                : "")
    }
}
