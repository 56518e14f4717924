internal import Inventory
internal import Values

/// What QEMU itself said when a VM did not start: libvirt keeps it in a file on the host.
struct QEMULog {
    let connector: any Connector

    /// Its last words about the latest start, nil when there are none or the host does not tell in time.
    func lastWords(of name: String, on host: Host) async -> String? {
        let script = HostScript(
            variables: [("log", "/var/log/libvirt/qemu/\(name).log")],
            #"if [ -r "$log" ]; then tail -c 16384 -- "$log"; fi"#)
        let answer = await withTaskGroup(of: String?.self) { group in
            group.addTask { [connector] in
                guard let connection = try? await connector.connect(to: host) else { return nil }
                let text = try? await script.run(on: connection, host: host.name, doing: "read QEMU's log")
                await connection.close()
                return text
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(10))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        return answer.flatMap(Self.lastWords)
    }

    /// - Parameter text: the end of the file.
    static func lastWords(_ text: String) -> String? {
        let lines = text.split(separator: "\n")
        let start = lines.lastIndex { $0.contains(": starting up libvirt") }.map { $0 + 1 } ?? 0
        let words = lines[start...].filter { line in
            // The command itself, its environment, and what every start leaves.
            let isCommand = line.hasSuffix("\\") || line.hasPrefix("-") || line.contains("=/")
            return !isCommand && !line.contains("char device redirected") && !line.contains(": shutting down")
                && !line.hasPrefix("LC_ALL=") && !line.contains("terminating on signal")
        }
        guard !words.isEmpty else { return nil }
        return words.suffix(5).map { Printable.line(String($0.prefix(400))) }.joined(separator: "\n")
    }
}
