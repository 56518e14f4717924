internal import Inventory
package import Values

/// What of a host's own files, sockets and units goes or comes back when it leaves, by the record that states kept there.
package struct HostLeaving: Sendable {
    package enum Word: String, Sendable {
        case remove, restore, disable, enable, stop
        /// Somebody has changed it since: it stays.
        case changed
        /// There is no record: it was made a hypervisor by an earlier version.
        case unrecorded
        case failed
    }

    package struct Line: Sendable, Hashable {
        package let word: Word
        package let name: String

        package var value: Value { ["what": Value(word.rawValue), "name": Value(name)] }
    }

    enum Mode: String { case look, act }

    private static let script = String(decoding: PackageResources.host_leave_sh, as: UTF8.self)

    static func run(_ mode: Mode, on host: Host, _ connector: any Connector) async throws(HostProblem) -> [Line] {
        let connection = try await connector.connect(to: host)
        let script = HostScript(variables: [("what", mode.rawValue)], Self.script)
        do throws(HostProblem) {
            let doing = mode == .look ? "look for what was made on the host" : "put the host back as it was"
            let said = try await script.run(on: connection, host: host.name, doing: doing)
            await connection.close()
            return lines(said)
        } catch {
            await connection.close()
            throw error
        }
    }

    static func lines(_ said: String) -> [Line] {
        said.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard fields.count == 2, let word = Word(rawValue: String(fields[0])) else { return nil }
            return Line(word: word, name: Printable.line(String(fields[1])))
        }
    }
}
