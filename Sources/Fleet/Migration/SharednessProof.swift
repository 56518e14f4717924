internal import Inventory
internal import Values

/// Whether two hosts see one directory, proven by a random token: written beside the disk on one host, looked for on the
/// other. Names of pools and mounts prove nothing.
struct SharednessProof {
    let hosts: MigrationHosts

    /// - Throws: `HostProblem` when either host cannot say; then nothing is decided.
    func isShared(directory: String) async throws(HostProblem) -> Bool {
        let token = Nonce.make()
        let variables = [("file", DiskPath.join(directory, ".drover-\(token)")), ("token", token)]
        try await hosts.source.run(
            #"umask 077; printf %s "$token" >"$file""#, variables, doing: "write a token beside the disk")
        let answer: String
        do throws(HostProblem) {
            answer = try await hosts.destination.run(
                #"if [ -e "$file" ]; then printf 'shared %s' "$(cat -- "$file")"; else printf 'apart'; fi"#, variables,
                doing: "look for the token beside the disk")
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
                    "cannot tell whether \"\(directory)\" is shared", detail: answer, host: hosts.destination.host.name)
            )
        }
    }

    private func remove(_ variables: [(String, String)]) async {
        // Also when the task was cancelled.
        await Task { _ = try? await hosts.source.run(#"rm -f -- "$file""#, variables, doing: "remove the token") }.value
    }
}
