import Foundation
import Testing

/// Everything that may explain a failure, in a folder of its own.
struct FaultEvidence: Sendable {
    let guest: FaultGuest
    let began: Date
    private var fleet: LabFleet { guest.fleet }

    /// Beside the report.
    static var folder: String {
        ((FaultMatrix.report as NSString).deletingLastPathComponent as NSString).appendingPathComponent("evidence")
    }

    func keep(_ result: FaultResult, _ ended: Ended) async throws {
        let words = "\(result.fault) \(result.phase) \(result.disk) \(result.seed)".replacing(" ", with: "-")
        let place = "\(Self.folder)/\(words)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: "\(place)/\(name)", atomically: true, encoding: .utf8)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try write("result.json", String(decoding: try encoder.encode(result), as: UTF8.self))
        try write("command", "exit code \(ended.code)\n\(ended.output)\n\(ended.problem)")
        try write("operations", try await fleet.drover.run(["op", "list", "--format", "json"]).output)
        let machine = Guest(fleet: fleet, name: guest.name)
        if let address = try? await machine.address() {
            let page = "http://\(address)/cgi-bin/processes"
            try write("guest", try await fleet.controller("wget", "-q", "-T", "10", "-t", "1", "-O", "-", page).output)
        }
        let journal = "\(place)/journal"
        try? FileManager.default.removeItem(atPath: journal)
        try? FileManager.default.copyItem(atPath: fleet.drover.fleet + "/.drover/journal", toPath: journal)
        let since = Int(Date().timeIntervalSince(began)) + 1
        for host in fleet.hosts {
            let look = """
                virsh list --all; virsh domstate --reason \(guest.name); virsh domjobinfo \(guest.name)
                virsh dumpxml \(guest.name); ls -la /var/lib/libvirt/images /run/drover-* /run/libvirt/qemu
                """
            try write("\(host)-state", try await fleet.on(host, "exec 2>&1; \(look)").output)
            try write("\(host)-console", try await guest.console(on: host))
            try write(
                "\(host)-qemu.log",
                try await fleet.on(host, "tail -n 200 /var/log/libvirt/qemu/\(guest.name).log").output)
            try write(
                "\(host)-journal",
                try await fleet.on(
                    host, "journalctl --no-pager -o short-precise --since '\(since) seconds ago' | tail -c 2000000"
                ).output)
        }
    }
}
