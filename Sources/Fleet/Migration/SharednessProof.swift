internal import Inventory
internal import Values

/// Whether two hosts see one directory, proven by a random token: written beside the disk on one host, looked for on the
/// other. Names of pools and mounts prove nothing.
struct SharednessProof {
    let source: (host: Host, connection: any HostConnection)
    let destination: (host: Host, connection: any HostConnection)

    /// - Throws: `HostProblem` when either host cannot say; then nothing is decided.
    func isShared(directory: String) async throws(HostProblem) -> Bool {
        let token = Nonce.make()
        let file = DiskPath.join(directory, ".drover-\(token)")
        let variables = [("file", file), ("token", token)]
        try await HostScript(variables: variables, #"umask 077; printf %s "$token" >"$file""#).run(
            on: source.connection, host: source.host.name, doing: "write a token beside the disk")
        let answer: String
        do {
            let look = #"if [ -e "$file" ]; then printf 'shared %s' "$(cat -- "$file")"; else printf 'apart'; fi"#
            answer = try await HostScript(variables: variables, look).run(
                on: destination.connection, host: destination.host.name, doing: "look for the token beside the disk")
        } catch {
            await remove(variables)
            throw error
        }
        await remove(variables)
        switch answer {
        case "shared \(token)": return true
        case "apart": return false
        default:
            throw HostProblem(
                .failed,
                .error(
                    "cannot tell whether \"\(directory)\" is shared", detail: answer, host: destination.host.name))
        }
    }

    private func remove(_ variables: [(String, String)]) async {
        _ = try? await HostScript(variables: variables, #"rm -f -- "$file""#).run(
            on: source.connection, host: source.host.name, doing: "remove the token")
    }
}
