internal import Hypervisor
internal import Inventory
internal import Subprocess
internal import SystemPackage
internal import Values

/// Makes sure that a host is off, by the command that the inventory has for it: `fence_command`, a list of words, run on the
/// controller without a shell. It has fenced the host when it exits 0 and the host does not answer any more.
struct HostFence: Sendable {
    static let variable = "fence_command"
    private static let patience = Duration.seconds(120)

    let context: FleetContext
    let driver: any HypervisorDriver

    /// - Throws: `Diagnostics` when the host has none, or it is no list of words.
    static func command(for host: Host) throws(Diagnostics) -> [String] {
        guard let given = host.vars[variable], !given.isNull else {
            throw Diagnostics(
                .error(
                    "\"\(host.name)\" has no fence command",
                    hint: "give it one: `vars: {\(variable): [ipmitool, -H, 10.0.0.9, chassis, power, \"off\"]}`",
                    host: host.name))
        }
        let words = given.list?.compactMap(\.scalarText) ?? []
        guard let count = given.list?.count, count == words.count, words.first?.isEmpty == false else {
            throw Diagnostics(
                .error(
                    "\(variable) is a list of words", detail: "found \(given.kindName)",
                    hint: "no shell reads it: each word is one argument", mark: given.mark, host: host.name))
        }
        return words
    }

    func fence(_ host: Host) async throws {
        let words = try Self.command(for: host)
        let ended = await within(Self.patience) { () -> Result<String, Diagnostic> in
            do {
                let program = words[0]
                let result = try await run(
                    program.contains("/") ? .path(FilePath(program)) : Program.named(program),
                    arguments: Arguments(Array(words.dropFirst())),
                    output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
                guard result.terminationStatus.isSuccess else {
                    let said = (result.standardOutput ?? "") + (result.standardError ?? "")
                    return .failure(.error("the fence command failed", detail: Printable.line(said)))
                }
                return .success("")
            } catch {
                return .failure(.error("the fence command could not be run", detail: "\(error)"))
            }
        }
        switch ended {
        case .success: break
        case .failure(var problem):
            problem.host = host.name
            throw Diagnostics(problem)
        case nil:
            throw Diagnostics(
                .error("the fence command did not end within \(Self.patience.components.seconds) s", host: host.name))
        }
        try await demandSilence(of: host)
    }

    /// - Throws: `Diagnostics` when the host answers, by SSH or its libvirt.
    func demandSilence(of host: Host) async throws(Diagnostics) {
        for _ in 0..<2 {
            if let connection = try? await driver.connect(to: host) {
                await connection.close()
                throw Diagnostics(
                    .error(
                        "\"\(host.name)\" is not off: its libvirt answers", detail: "its VMs may run",
                        hint: "`drover host drain \(host.name)` moves VMs off a host that answers", host: host.name))
            }
            if let connection = try? await context.connector.connect(to: host) {
                await connection.close()
                throw Diagnostics(
                    .error(
                        "\"\(host.name)\" is not off: it answers on SSH", detail: "its VMs may run",
                        hint: "start its libvirtd, or switch it off", host: host.name))
            }
        }
    }
}
