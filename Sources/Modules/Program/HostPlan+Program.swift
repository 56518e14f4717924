internal import States

extension HostPlan {
    /// The whole program. Its records carry the nonce; it finds what was sent in the directory `DROVER_RUN` names.
    ///
    /// Cut anywhere, it runs nothing: all is inside functions, and the last line must hold the whole nonce.
    /// - Parameters:
    ///   - nonce: random for each run, of letters and digits.
    ///   - test: whether to check only and foretell what would change.
    ///   - diff: whether new files are shown as diffs too.
    ///   - failhard: whether the first failure ends the run.
    package func program(
        nonce: String, test: Bool, diff: Bool, failhard: Bool = false, confirmSeconds: Int = 60
    ) -> String {
        var text = ShellLibrary.runtime.text + ShellLibrary.probes.text + ShellLibrary.made.text
        for library in Set(states.flatMap(\.libraries)).sorted() where library > .made { text += library.text }
        var settings = [
            ShellText.assignment("nonce", nonce),
            "test=\(test ? 1 : 0) show_diff=\(diff ? 1 : 0) failhard=\(failhard ? 1 : 0)",
            "package_tool=\(packageTool) confirm_seconds=\(confirmSeconds)",
        ]
        settings += registers.assignments
        for state in states {
            settings.append(ShellText.assignment("label_\(state.index)", "\(state.chunk.sls).\(state.chunk.id)"))
        }
        text += settings.joined(separator: "\n") + "\n"
        for state in states { text += state.text }
        text += "main() {\n[ \"$1\" = \"$nonce\" ] || exit 1\nopen_run\n"
        for state in states { text += "state_\(state.index)\n" }
        for line in states.compactMap(\.listenLine) { text += line + "\n" }
        text += "close_run\n}\nmain </dev/null \(nonce)\n"
        return text
    }

    /// A program that tells what the destinations of files hold now; `present(_:)` reads what it prints.
    package func checkScript() -> String {
        var registers = Registers()
        for file in files where !file.path.isEmpty { _ = registers.path(file.path, hashed: true) }
        var text = ShellLibrary.probes.text
        text += "LC_ALL=C; export LC_ALL; work=${DROVER_RUN:?} paths_known=0 paths_stale=''\n"
        text += registers.assignments.joined(separator: "\n")
        text +=
            "\n" + """
                main() {
                look_at_paths
                for each in $paths; do
                eval "kind=\\$kind_$each hash=\\$hash_$each"
                printf '@file\\t%s\\t%s\\n' "$each" "${hash:-${kind:-missing}}"
                done
                echo @files
                }
                main </dev/null

                """
        return text
    }

    /// What the check script printed: for each destination its SHA-256, `missing`, or `d` or `o` for what is no file.
    /// Nil when it did not come to its end.
    package func present(_ output: [UInt8]) -> [String: String]? {
        var registers = Registers()
        for file in files where !file.path.isEmpty { _ = registers.path(file.path, hashed: true) }
        var found: [String: String] = [:]
        var ended = false
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            if line == "@files" { ended = true }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0] == "@file", let number = Int(fields[1]),
                registers.paths.indices.contains(number)
            else { continue }
            found[registers.paths[number]] = String(fields[2])
        }
        return ended ? found : nil
    }
}
