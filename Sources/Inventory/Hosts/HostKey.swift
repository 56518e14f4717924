internal import Values

/// The keys a host may have, and what their values must be.
enum HostKey: String, CaseIterable {
    case address, port, user, identity, become, jump, connection, uri, roles, vars, facts, pki
    case identityPassphraseCommand = "identity_passphrase_command"
    case passwordCommand = "password_command"
    case becomeUser = "become_user"
    case becomePasswordCommand = "become_password_command"

    /// Keys that say something of one machine only.
    static let ofOneHost: Set<HostKey> = [.address, .pki]
    /// Keys whose text is expanded together with the host's name, and must then expand to as many.
    static let expanded: Set<HostKey> = [.address, .port, .jump, .uri, .pki]

    /// What other tools call them.
    private static let foreign = [
        "host": "address", "hostname": "address", "ansible_host": "address", "ip": "address", "ansible_user": "user",
        "ansible_port": "port", "priv": "identity", "key": "identity", "ansible_ssh_private_key_file": "identity",
        "sudo": "become", "proxy": "jump", "proxyjump": "jump", "grains": "facts", "pillar": "vars",
        "passwd": "password_command", "password": "password_command", "role": "roles",
    ]

    /// The diagnostic for a key that is none of `allowed`.
    static func unknown(_ key: Value, in place: String, allowed: [String]) -> Diagnostic {
        let name = key.written ?? key.kindName
        let known = foreign[name.lowercased()].flatMap { allowed.contains($0) ? $0 : nil }
        let hint = known.map { "did you mean \"\($0)\"?" } ?? NearestName.hint(for: name, among: allowed)
        return .error(
            "unknown key \"\(name)\" in \(place)", detail: "known are \(allowed.joined(separator: ", "))", hint: hint,
            mark: key.mark)
    }

    /// What is wrong with a value for this key; null is always right, it unsets a default.
    func problems(of value: Value) -> [Diagnostic] {
        guard !value.isNull else { return [] }
        switch self {
        case .vars, .facts:
            return value.map == nil ? [expected("a mapping", value)] : []
        case .roles: return Self.wordProblems(value, what: "role", isGood: Name.isRole)
        case .pki: return pkiProblems(value)
        default: return scalarProblem(value).map { [$0] } ?? []
        }
    }

    private func scalarProblem(_ value: Value) -> Diagnostic? {
        guard let text = value.written else { return expected("text", value) }
        switch self {
        case .address: return Address.problem(text, at: value.mark)
        case .port:
            let isGood = Int(text).map { (1...65535).contains($0) } ?? false
            return isGood ? nil : expected("a port from 1 to 65535", value)
        case .become: return oneOf(Host.BecomeMethod.allCases.map(\.rawValue), value, text)
        case .connection: return oneOf(Host.Connection.allCases.map(\.rawValue), value, text)
        case .user, .becomeUser: return Name.isWord(text) ? nil : expected("a user name", value)
        case .jump: return Name.isWord(text) ? nil : expected("a host, or [user@]address[:port]", value)
        case .uri:
            return text.contains(":/") && Name.isWord(text)
                ? nil : expected("a libvirt URI such as qemu+tls://host/system", value)
        default: return text.isEmpty ? expected("text", value) : nil
        }
    }

    private func pkiProblems(_ value: Value) -> [Diagnostic] {
        guard let entries = value.map else { return [expected("a mapping with names and addresses", value)] }
        return entries.flatMap { key, list -> [Diagnostic] in
            switch key.written {
            case "names": Self.wordProblems(list, what: "DNS name") { Address.isName($0) }
            case "addresses": Self.wordProblems(list, what: "IP address") { Address.isIP($0) }
            default: [Self.unknown(key, in: "\"pki\"", allowed: ["names", "addresses"])]
            }
        }
    }

    private static func wordProblems(_ value: Value, what: String, isGood: (String) -> Bool) -> [Diagnostic] {
        let items = value.list ?? (value.isNull ? [] : [value])
        return items.compactMap { item in
            guard let text = item.written else {
                return .error("expected a \(what), found \(item.kindName)", mark: item.mark ?? value.mark)
            }
            return isGood(text) ? nil : .error("\"\(text)\" is no \(what)", mark: item.mark ?? value.mark)
        }
    }

    private func oneOf(_ words: [String], _ value: Value, _ text: String) -> Diagnostic? {
        guard !words.contains(text) else { return nil }
        var problem = expected(words.joined(separator: ", "), value)
        problem.hint = NearestName.hint(for: text, among: words)
        return problem
    }

    private func expected(_ what: String, _ value: Value) -> Diagnostic {
        let found = value.written.map { "\"\($0)\"" } ?? value.kindName
        return .error("bad \"\(rawValue)\": \(found)", detail: "expected \(what)", mark: value.mark)
    }
}
