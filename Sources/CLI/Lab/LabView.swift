import Glibc
import Lab

/// How a lab is shown to people.
enum LabView {
    /// A line on stderr.
    static let progress: LabProgress = { line in
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// The hosts as a table, and the leases that are not theirs.
    static func show(_ status: LabStatus) {
        var rows = [["HOST", "ADDRESS", "STATE", "LINK"]]
        for host in status.hosts {
            let state = host.isRunning ? host.systemState ?? "no answer" : "off"
            rows.append([host.name, host.address, state, host.link == .restore ? "ok" : host.link.rawValue])
        }
        let addresses = Set(status.hosts.map(\.address))
        let guests = status.leases.filter { !addresses.contains($0.address) }
        if !guests.isEmpty { rows += [["LEASE", "ADDRESS", "NAME"]] }
        rows += guests.map { [$0.hardwareAddress, $0.address, $0.hostName ?? "-"] }
        let width = rows.map { $0[0].count }.max() ?? 0
        for row in rows {
            let cells = [pad(row[0], width), pad(row[1], 15)] + row.dropFirst(2).map { pad($0, 9) }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            print(line)
        }
        print("kvm: \(status.kvm.map { $0.works ? "yes" : "no, \($0.reason)" } ?? "not tried")")
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
