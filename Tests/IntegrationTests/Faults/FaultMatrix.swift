import Foundation
import Glibc
import Lab
import TestSupport
import Testing

/// Runs cells of the matrix on one lab, one after another.
struct FaultMatrix: Sendable {
    /// What `make test-faults` asks for.
    static let asked = ProcessInfo.processInfo.environment["DROVER_FAULTS"].flatMap { Int($0) }
    /// Where the results are, of earlier calls too.
    static let report =
        ProcessInfo.processInfo.environment["DROVER_FAULTS_REPORT"] ?? Checkout.root + "/.build/faults/report.jsonl"

    let fleet: LabFleet

    /// The SAN where it is asked for, pools with an end, and shared storage in them.
    func prepare(san: Bool) async throws {
        if san { try await fleet.lab.up(hosts: 2, san: true) }
        try await fleet.withImage()
        guard san else { return }
        try await fleet.drover.must(
            "pool", "create", "san", "-t", "hypervisors", "--type", "iscsi-direct", "--source-host", "10.77.0.10",
            "--device", SAN.target, "--initiator", "iqn.2026-01.lan.drover:hosts")
    }

    /// Makes a host's pool a filesystem of its own, so that it can be full.
    func bound(_ host: String) async throws {
        let line = """
            mountpoint -q /var/lib/libvirt/images && exit 0
            truncate -s 320M /var/lib/images.ext4 && mkfs.ext4 -q -m 0 /var/lib/images.ext4
            echo '/var/lib/images.ext4 /var/lib/libvirt/images ext4 loop 0 0' >> /etc/fstab
            mkdir /var/lib/libvirt/kept && mv /var/lib/libvirt/images/* /var/lib/libvirt/kept/ 2>/dev/null
            mount /var/lib/libvirt/images && rmdir /var/lib/libvirt/images/lost+found
            chmod 711 /var/lib/libvirt/images && mv /var/lib/libvirt/kept/* /var/lib/libvirt/images/ 2>/dev/null
            rmdir /var/lib/libvirt/kept; virsh -q pool-refresh default 2>/dev/null; true
            """
        _ = try await fleet.told(host, line)
    }

    /// Runs so many cells, those first that were run least.
    /// - Parameter chosen: instead of those of the report, in their order.
    /// - Returns: the results with problems.
    func run(_ count: Int, seed: UInt64, chosen: [FaultCell]? = nil) async throws -> [FaultResult] {
        let report = FaultReport(path: Self.report)
        try FileManager.default.createDirectory(
            atPath: (Self.report as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        var chance = Chance(seed: seed)
        var failed: [FaultResult] = []
        var (guest, last): (FaultGuest?, FaultGuest.Record?)
        for number in 0..<count {
            let pick = try chosen.map { $0[number % $0.count] } ?? next(report, guest?.disk, &chance)
            guard let cell = pick else { break }
            if guest?.disk != cell.disk || last == nil {
                try await guest?.remove()
                guest = FaultGuest(fleet: fleet, disk: cell.disk)
                last = try await guest?.make()
            }
            guard let now = guest, let before = last else { break }
            var result: FaultResult
            (result, last) = try await FaultRun(guest: now, cell: cell, seed: chance.next()).run(after: before)
            print(
                "\(number + 1)/\(count) \(cell.name), \(result.variant): \(result.end), exit \(result.exit), "
                    + "\(result.recoveries) recoveries, \(result.seconds) s", result.problems.joined(separator: "; "))
            fflush(nil)
            if chosen == nil { try report.add(result) }
            if !result.problems.isEmpty {
                failed.append(result)
                try await startAgain(now)
                last = nil
            }
        }
        try await guest?.remove()
        if chosen == nil {
            try report.table().write(
                toFile: Self.report.replacing(".jsonl", with: ".md"), atomically: true, encoding: .utf8)
        }
        return failed
    }

    /// A guest is kept for as long as there are cells of its disk.
    private func next(_ report: FaultReport, _ disk: FaultDisk?, _ chance: inout Chance) throws -> FaultCell? {
        let least = try report.next(&chance, among: FaultCell.all)
        guard let disk, let least, least.disk != disk else { return least }
        let results = try report.results()
        func runs(_ cell: FaultCell) -> Int { results.count { $0.cell == cell } }
        let same = try report.next(&chance, among: FaultCell.all.filter { $0.disk == disk })
        return same.map { runs($0) <= runs(least) } ?? false ? same : least
    }

    /// After a failure: whatever is there of the guest and its operations goes, so that the next run stands alone.
    private func startAgain(_ guest: FaultGuest) async throws {
        for host in fleet.hosts { try await fleet.lab.power(host, on: true) }
        try await guest.wipe()
        let journal = fleet.drover.fleet + "/.drover/journal"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: journal)) ?? [] where name != "closed" {
            try? FileManager.default.removeItem(atPath: "\(journal)/\(name)")
        }
    }
}
