import Foundation
import Glibc
import TestSupport

/// One run of the matrix, as its report keeps it: a line of JSON.
struct FaultResult: Codable, Sendable {
    var fault: String
    var phase: String
    var disk: String
    /// Which of several ways it went wrong.
    var variant: String
    /// Repeats the run.
    var seed: UInt64
    /// Where the guest was in the end: `migrated`, `stayed`, or `crashed` where its own process was killed.
    var end = ""
    /// The command's exit code.
    var exit: Int32 = -1
    /// How often `op recover` had to be called until it left nothing open.
    var recoveries = 0
    var seconds = 0.0
    /// What was not as it has to be; empty when all was.
    var problems: [String] = []

    var cell: FaultCell? {
        guard let fault = Fault(rawValue: fault), let phase = Phase(rawValue: phase),
            let disk = FaultDisk(rawValue: disk)
        else { return nil }
        return FaultCell(fault: fault, phase: phase, disk: disk)
    }
}

/// The report that runs add to, one after another or two labs at once.
struct FaultReport: Sendable {
    /// A file of JSON lines.
    let path: String

    func results() throws -> [FaultResult] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return try text.split(separator: "\n").map { try JSONDecoder().decode(FaultResult.self, from: Data($0.utf8)) }
    }

    func add(_ result: FaultResult) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = try encoder.encode(result) + Data("\n".utf8)
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(descriptor) }
        // One write of its own end: a line of two labs is never mixed.
        let written = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard written == line.count else { throw CocoaError(.fileWriteOutOfSpace) }
    }

    /// The cells that were run least, in an order of chance.
    func next(_ chance: inout Chance, among cells: [FaultCell]) throws -> FaultCell? {
        var counts: [FaultCell: Int] = [:]
        for cell in try results().compactMap(\.cell) { counts[cell, default: 0] += 1 }
        let least = cells.map { counts[$0] ?? 0 }.min() ?? 0
        return cells.filter { (counts[$0] ?? 0) == least }.randomElement(using: &chance)
    }

    /// As a page: each cell with its runs, how they ended, and the failures.
    func table() throws -> String {
        let results = try results()
        let failures = results.count { !$0.problems.isEmpty }
        var text = "# Fault matrix\n\n\(results.count) runs, \(failures) failures. "
        text += "A field: runs (m migrated, s stayed, c crashed with its process); **failures** if any.\n"
        for disk in FaultDisk.allCases {
            text += "\n## \(disk == .local ? "Local disk" : "SAN")\n\n| fault |"
            text += Phase.allCases.map { " \($0.rawValue) |" }.joined() + "\n|---|"
            text += Phase.allCases.map { _ in "---|" }.joined() + "\n"
            for fault in Fault.allCases {
                text += "| \(fault.rawValue) |"
                for phase in Phase.allCases {
                    text +=
                        " \(Self.field(results.filter { $0.cell == .init(fault: fault, phase: phase, disk: disk) })) |"
                }
                text += "\n"
            }
        }
        for result in results where !result.problems.isEmpty {
            text += "\n- \(result.fault), \(result.phase), \(result.disk), \(result.variant), seed \(result.seed): "
            text += result.problems.joined(separator: "; ").replacing("\n", with: " ")
        }
        return text + "\n"
    }

    private static func field(_ runs: [FaultResult]) -> String {
        guard !runs.isEmpty else { return "-" }
        let ends = ["migrated", "stayed", "crashed"].compactMap { end -> String? in
            let count = runs.count { $0.end == end }
            return count > 0 ? "\(count)\(end.prefix(1))" : nil
        }
        let failed = runs.count { !$0.problems.isEmpty }
        return "\(runs.count) (\(ends.joined(separator: " ")))" + (failed > 0 ? " **\(failed) failed**" : "")
    }
}
