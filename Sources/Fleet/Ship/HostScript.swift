internal import Modules
package import Values

/// A small script that an operation runs on a host, outside a state run: a token written, a file moved.
package struct HostScript: Sendable {
    private let text: String

    /// - Parameters:
    ///   - variables: set before the body, quoted, so that no value becomes code.
    ///   - body: POSIX sh.
    package init(variables: [(String, String)] = [], _ body: String) {
        text = variables.map { "\($0.0)=\(ShellText.quoted($0.1))\n" }.joined() + body + "\n"
    }

    /// Runs it over a connection.
    /// - Returns: what it printed.
    /// - Throws: ``HostProblem`` of kind `failed` with its words when it exits other than 0.
    @discardableResult
    package func run(
        on connection: any HostConnection, host: String, doing: String, limit: Int = 1 << 20
    ) async throws(HostProblem) -> String {
        let channel = try await RunChannel.open(on: connection, host: host)
        try await channel.put("script", Array("exec 2>&1\nset -u\n\(text)".utf8))
        let (output, code) = try await channel.exec("script", limit: limit)
        await channel.bye()
        let said = String(decoding: output, as: UTF8.self)
        guard code == 0 else {
            throw HostProblem(.failed, .error("cannot \(doing)", detail: said, host: host))
        }
        return said
    }

    /// Starts it as a program that lives on by itself.
    package func startDetached(on connection: any HostConnection, host: String) async throws(HostProblem) {
        let channel = try await RunChannel.open(on: connection, host: host)
        try await channel.put("program", Array(text.utf8))
        try await channel.startDetached("program")
    }
}
