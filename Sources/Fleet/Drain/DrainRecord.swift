internal import Inventory
internal import Values

/// What a host itself keeps of its being drained: the mark, and which VMs were moved away and where to. Both outlive the
/// controller, and any other one can go on from them.
struct DrainRecord: Sendable {
    /// A VM that draining moved away, or was about to.
    struct Departure: Sendable, Hashable {
        let vm: String
        let uuid: String
        let to: String

        init(vm: String, uuid: String, to: String) {
            self.vm = vm
            self.uuid = uuid
            self.to = to
        }

        init?(_ value: Value) {
            guard let vm = value["vm"]?.string, let uuid = value["uuid"]?.string, let to = value["to"]?.string
            else { return nil }
            self.init(vm: vm, uuid: uuid, to: to)
        }

        init?(line: String) {
            guard let value = try? JSON.read(SourceText(name: DrainRecord.departures, text: line)) else { return nil }
            self.init(value)
        }

        var value: Value { ["vm": Value(vm), "uuid": Value(uuid), "to": Value(to)] }
        var line: String { JSON.write(value, pretty: false) }
    }

    /// JSON lines; the last one of a VM counts.
    static let departures = "/var/lib/drover/drained.vms"

    let host: Host
    let connector: any Connector

    private func run(
        _ body: String, _ variables: [(String, String)] = [], arguments: [String] = [], doing: String
    ) async throws(HostProblem) -> String {
        let connection = try await connector.connect(to: host)
        let script = HostScript(
            variables: [("mark", DrainMark.path), ("list", Self.departures)] + variables, arguments: arguments, body)
        do throws(HostProblem) {
            let said = try await script.run(on: connection, host: host.name, doing: doing)
            await connection.close()
            return said
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Marks the host, whatever mark it had before.
    /// - Returns: whether it had none.
    func set(_ mark: DrainMark) async throws(HostProblem) -> Bool {
        let said = try await run(
            """
            umask 022
            if [ -e "$mark" ]; then was=yes; else was=no; fi
            mkdir -p "${mark%/*}" && printf '%s\\n' "$line" >"$mark.new" && sync "$mark.new" &&
                mv -f "$mark.new" "$mark" && sync "${mark%/*}" || exit 1
            printf '%s\\n' "$was"
            """, [("line", mark.line)], doing: "mark the host as drained")
        return said.hasPrefix("no")
    }

    /// Notes VMs before they are moved.
    func note(_ departures: [Departure]) async throws(HostProblem) {
        guard !departures.isEmpty else { return }
        _ = try await run(
            """
            umask 077
            printf '%s\\n' "$@" >>"$list" && sync "$list"
            """, arguments: departures.map(\.line), doing: "note which VMs are moved away")
    }

    /// The mark, if there is one, and the VMs that were moved away.
    func read() async throws(HostProblem) -> (mark: DrainMark?, departures: [Departure]) {
        let said = try await run(
            """
            if [ -e "$mark" ]; then read -r line <"$mark" || :; printf 'mark %s\\n' "${line-}"; fi
            if [ -e "$list" ]; then tail -c 4000000 "$list"; fi
            """, doing: "read what is noted of its being drained")
        var mark: DrainMark?
        var departures: [String: Departure] = [:]
        for line in said.split(separator: "\n").map(String.init) {
            if line.hasPrefix("mark ") {
                mark = DrainMark(String(line.dropFirst(5)))
            } else if let departure = Departure(line: line) {
                departures[departure.uuid] = departure
            }
        }
        return (mark, departures.values.sorted { $0.vm < $1.vm })
    }

    /// The host is in service again; which VMs were moved away is still known.
    func removeMark() async throws(HostProblem) {
        _ = try await run("rm -f -- \"$mark\" && sync \"${mark%/*}\"", doing: "remove the mark of being drained")
    }

    func forgetDepartures() async throws(HostProblem) {
        _ = try await run("rm -f -- \"$list\" && sync \"${list%/*}\"", doing: "forget which VMs were moved away")
    }
}
