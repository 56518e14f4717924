internal import Modules
internal import Values

/// A small script that an operation runs on a host, outside a state run: a token written, a file moved.
package struct HostScript: Sendable {
    private let text: String

    /// - Parameters:
    ///   - variables: set before the body, quoted, so that no value becomes code.
    ///   - arguments: what the body sees as `"$@"`.
    ///   - body: POSIX sh.
    package init(variables: [(String, String)] = [], arguments: [String] = [], _ body: String) {
        let words = arguments.isEmpty ? "" : "set -- \(arguments.map { ShellText.quoted($0) }.joined(separator: " "))\n"
        text = variables.map { "\($0.0)=\(ShellText.quoted($0.1))\n" }.joined() + words + body + "\n"
    }

    /// What a script said on its way out, without the last line's end.
    static func words(_ said: [UInt8]) -> String {
        String(decoding: said[..<((said.lastIndex { $0 != 0x0A }).map { $0 + 1 } ?? 0)], as: UTF8.self)
    }

    /// It as a command line, for a channel of its own whose input and output are the script's.
    package var command: String { "exec /bin/sh -c " + ShellText.quoted("set -u\n" + text) }

    /// Runs it over a connection.
    /// - Returns: what it printed, at most 4 MiB.
    /// - Throws: ``HostProblem`` of kind `failed` with its words when it exits other than 0.
    @discardableResult
    package func run(on connection: any HostConnection, host: String, doing: String) async throws(HostProblem) -> String
    {
        let channel = try await RunChannel.open(on: connection, host: host)
        do {
            let said = try await run(over: channel, doing: doing)
            await channel.bye()
            return said
        } catch {
            await channel.bye()
            throw error
        }
    }

    /// Runs it over a channel that is open: one round trip.
    @discardableResult
    package func run(over channel: RunChannel, doing: String) async throws(HostProblem) -> String {
        try await channel.put("script", Array("exec 2>&1\nset -u\n\(text)".utf8))
        let (output, code) = try await channel.exec("script")
        let said = String(decoding: output, as: UTF8.self)
        guard code == 0 else {
            throw HostProblem(.failed, .error("cannot \(doing)", detail: said, host: channel.hostName))
        }
        return said
    }

    /// Starts it as a program that lives on by itself, whatever becomes of the connection and the controller.
    /// - Parameter unit: its name where systemd looks after it; letters, digits and dashes.
    package func startDetached(unit: String, over channel: RunChannel) async throws(HostProblem) {
        try await channel.put("program", Array("set -u\n\(text)".utf8))
        let launch = """
            exec 2>&1
            unit=\(ShellText.quoted(unit))
            program=/run/$unit.sh
            umask 077
            cp ./program "$program" || exit 1
            if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
                systemd-run --quiet --collect --unit="$unit" /bin/sh "$program"
            else
                setsid /bin/sh "$program" </dev/null >/dev/null 2>&1 &
            fi

            """
        try await channel.put("launch", Array(launch.utf8))
        let (output, code) = try await channel.exec("launch")
        guard code == 0 else {
            let said = String(decoding: output, as: UTF8.self)
            throw HostProblem(.failed, .error("cannot start a program", detail: said, host: channel.hostName))
        }
    }
}
