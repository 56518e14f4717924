internal import FoundationEssentials

/// A program for a POSIX shell, carried by the command that starts it, so that its input is free for something else.
package enum ShellProgram {
    /// The command for an exec request. It asks nothing of the login shell but words, `exec` and single quotes, so it
    /// means the same in sh, csh and fish.
    /// - Parameters:
    ///   - program: POSIX sh; no text in it may span lines.
    ///   - variables: set before it, quoted, so that no value becomes code; no value may span lines.
    ///   - name: letters and digits; `$0` of the program.
    ///   - prefix: words before the shell, such as `sudo -n`; `exec` is put in front of all.
    package static func command(
        _ program: String, variables: [(String, String)] = [], name: String, prefix: [String] = []
    ) -> String {
        let settings = variables.map { ShellText.assignment($0.0, $0.1) + "\n" }.joined()
        let text = settings + ShellText.compact(Array(program.utf8))
        let encoded = Array(Data(text.utf8).base64EncodedString().utf8)
        // Some csh have words of at most 1023 characters.
        let words = stride(from: 0, to: encoded.count, by: 960).map { start in
            String(decoding: encoded[start..<min(start + 960, encoded.count)], as: UTF8.self)
        }
        let start = "'eval \"$(printf %s \"$@\" | base64 -d)\"'"
        return (["exec"] + prefix + ["/bin/sh", "-c", start, name] + words).joined(separator: " ")
    }
}
