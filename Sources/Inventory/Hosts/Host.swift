package import Values

/// A machine that Drover reaches, with everything the inventory says of it: defaults, groups and its own entry merged.
package struct Host: Sendable {
    /// How it is reached: over SSH, or as the machine Drover runs on.
    package enum Connection: String, Sendable, CaseIterable { case ssh, local }

    /// How commands become another user.
    package enum BecomeMethod: String, Sendable, CaseIterable { case sudo, doas, su }

    /// Names and addresses that its certificates carry besides its own name and address.
    package struct CertificateNames: Sendable, Hashable {
        package var names: [String] = []
        package var addresses: [String] = []
    }

    package var name: String
    /// Host name or IP address; the name where the inventory gives none.
    package var address: String
    /// Nil is 22.
    package var port: Int?
    /// Nil is the user that Drover runs as.
    package var user: String?
    /// Path of the private key, as written (`~` not expanded).
    package var identity: String?
    package var identityPassphraseCommand: String?
    package var passwordCommand: String?
    package var become: BecomeMethod?
    package var becomeUser: String?
    package var becomePasswordCommand: String?
    /// A host of the inventory or an SSH destination to go through.
    package var jump: String?
    package var connection: Connection
    /// libvirt URI where the usual one does not serve.
    package var uri: String?
    /// Of its groups (parents first), then its own; each once.
    package var roles: [String]
    /// Global, then groups (parents first), then its own, mappings merged key by key.
    package var vars: Mapping
    /// What the inventory says in place of gathered facts.
    package var facts: Mapping
    package var pki: CertificateNames
    /// All groups that it is in, directly or through children, parents first.
    package var groups: [String]
    /// Where the inventory names it.
    package var mark: Mark?
    /// The SSH host key that it was given, in OpenSSH's notation: the only one accepted. Nil: known_hosts decides.
    package var hostKey: String?
    /// Why it cannot be reached, where that is known beforehand, as of a VM that is switched off.
    package var obstacle: Diagnostic?

    /// Makes a host of merged settings whose values were checked.
    init(name: String, settings: Mapping, roles: [String], vars: Mapping, facts: Mapping, groups: [String], mark: Mark?)
    {
        func text(_ key: HostKey) -> String? { settings[key.rawValue]?.written }
        self.name = name
        address = text(.address) ?? name
        port = text(.port).flatMap { Int($0) }
        user = text(.user)
        identity = text(.identity)
        identityPassphraseCommand = text(.identityPassphraseCommand)
        passwordCommand = text(.passwordCommand)
        become = text(.become).flatMap(BecomeMethod.init)
        becomeUser = text(.becomeUser)
        becomePasswordCommand = text(.becomePasswordCommand)
        jump = text(.jump)
        connection = text(.connection).flatMap(Connection.init) ?? .ssh
        uri = text(.uri)
        let certificate = settings[HostKey.pki.rawValue]
        pki = CertificateNames(
            names: certificate?["names"]?.words ?? [], addresses: certificate?["addresses"]?.words ?? [])
        self.roles = roles
        self.vars = vars
        self.facts = facts
        self.groups = groups
        self.mark = mark
    }
}

extension Value {
    /// A scalar as it was written in the file, so that a user `0123` stays that; nil for null, lists and mappings.
    var written: String? {
        switch kind {
        case .null, .list, .map: nil
        default: raw ?? scalarText
        }
    }

    /// The texts of a list, or of a single scalar standing for a list of one.
    var words: [String] {
        list.map { $0.compactMap(\.written) } ?? written.map { [$0] } ?? []
    }
}
