internal import Hypervisor
internal import Inventory
internal import Modules
internal import SSH
internal import Values

/// How the system's `ssh` gets into a VM's guest: through its hypervisor, with the host key that the guest was given at first
/// boot.
package struct MachineLogin: Sendable {
    private static let guest = "drover-guest"
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// The words that start `ssh`. The way there stands in a file of ssh's own notation in the fleet's memory, which holds no
    /// secret.
    ///
    /// - Parameters:
    ///   - user: nil for the inventory's.
    ///   - command: one word is a command line for the guest's shell, several are a command and its arguments.
    /// - Throws: `Diagnostics` when it is off or has no address yet, ``HostProblem``.
    package func words(
        _ name: String, user: String?, command: [String], isTerminal: Bool
    ) async throws -> [String] {
        let access = MachineAccess(context, driver: driver)
        let found = try await access.findRunning(name)
        let addresses = try await access.addresses(of: found)
        guard let address = addresses.first(where: { !$0.isLinkLocal }) ?? addresses.first else {
            throw Diagnostics(
                .error(
                    "no address of \"\(found.machine.name)\" is known",
                    hint: "it may still be starting: `drover vm ip \(found.machine.name) --wait`",
                    host: found.host.name))
        }
        var guest = context.inventory.machineHost(
            found.machine.name, address: address.address,
            jump: found.host.connection == .local ? nil : found.host.name)
        // As whoever rules guests by Drover.
        guest.user = guest.user ?? "root"
        let folder = DiskPath.absolute(DiskPath.join(context.directory.memory, "ssh"))
        try DiskPath.makeDirectory(folder, mode: 0o700)
        let configuration = DiskPath.join(folder, found.machine.uuid + ".config")
        var known: String?
        if let key = found.machine.metadata?.hostKey {
            let path = DiskPath.join(folder, found.machine.uuid + ".known_hosts")
            // The host says it: only what is a key may become a line of that file.
            guard key.wholeMatch(of: /[a-z0-9@.-]+ [A-Za-z0-9+\/]+=*/) != nil else {
                throw Diagnostics(
                    .error(
                        "the SSH host key that \(found.host.name) names for \"\(found.machine.name)\" is none",
                        detail: Printable.line(String(key.prefix(200))), host: found.host.name))
            }
            try DiskFile.write(Array("\(found.machine.uuid) \(key)\n".utf8), to: path, mode: 0o600)
            known = path
        }
        let alias = known == nil ? guest.name : found.machine.uuid
        let text = try text(guest, alias: alias, hop: found.host, knownHosts: known, isTerminal: isTerminal)
        try DiskFile.write(Array(text.utf8), to: configuration, mode: 0o600)
        let line = command.count < 2 ? command : [command.map(ShellText.quoted).joined(separator: " ")]
        return ["ssh", "-F", configuration] + (user.map { ["-l", $0] } ?? []) + ["--", Self.guest] + line
    }

    private func text(
        _ guest: Host, alias: String, hop: Host, knownHosts: String?, isTerminal: Bool
    ) throws(Diagnostics) -> String {
        let common = SSHConnector.knownHostsFiles(context.directory).map { DiskPath.absolute($0) }
        var blocks = [
            try Self.block(
                Self.guest, guest, knownHosts: knownHosts.map { [$0] } ?? common,
                // Its key is known for sure, or a person is asked; elsewhere nobody is there to be asked.
                strict: knownHosts == nil && isTerminal ? "ask" : "yes",
                // The addresses of guests come and go: their names stand for them, and no shared connection does.
                more: [("HostKeyAlias", alias), ("ControlPath", "none"), ("CheckHostIP", "no")],
                jump: guest.jump.map(Self.alias))
        ]
        var next = guest.jump == nil ? nil : Optional(hop)
        while let host = next, blocks.count < 9 {
            next = host.jump.flatMap { context.inventory.host($0) }
            blocks.append(
                try Self.block(
                    Self.alias(host.name), host, knownHosts: common, strict: "yes",
                    jump: next.map { Self.alias($0.name) }))
        }
        return blocks.joined() + "Match all\n  Include ~/.ssh/config\n"
    }

    private static func alias(_ name: String) -> String { "drover-host-\(name)" }

    private static func block(
        _ alias: String, _ host: Host, knownHosts: [String], strict: String, more: [(String, String)] = [],
        jump: String?
    ) throws(Diagnostics) -> String {
        var fields = [("HostName", host.address), ("StrictHostKeyChecking", strict)]
        if let port = host.port { fields.append(("Port", String(port))) }
        if let user = host.user { fields.append(("User", user)) }
        if let identity = host.identity {
            fields.append(("IdentityFile", DiskPath.absolute(DiskPath.expandingHome(identity))))
        }
        fields += more
        var lines = ["Host \(alias)", "  ProxyJump \(jump ?? "none")"]
        lines.append(
            "  UserKnownHostsFile \(try knownHosts.map { file throws(Diagnostics) in try quoted(file) }.joined(separator: " "))"
        )
        for (name, value) in fields { lines.append("  \(name) \(try quoted(value))") }
        return lines.joined(separator: "\n") + "\n\n"
    }

    /// A word as ssh_config(5) reads it.
    private static func quoted(_ word: String) throws(Diagnostics) -> String {
        guard !word.unicodeScalars.contains(where: { "\"%".unicodeScalars.contains($0) || $0.value < 0x20 }) else {
            throw Diagnostics(.error("\"\(Printable.line(word))\" cannot be written into a configuration of ssh"))
        }
        return "\"\(word)\""
    }
}
