internal import Fleet
internal import Values

/// What a migration would do and what stands against it, as people see it.
enum MigrationReportView {
    static func text(_ report: MigrationReport) -> String {
        var table = Table("CHECK", "RESULT", "HOST", "FINDING")
        for entry in report.entries {
            if entry.findings.isEmpty { table.add([entry.check, "ok", "", ""]) }
            for finding in entry.findings {
                table.add([entry.check, finding.severity.rawValue, finding.host ?? "", finding.summary])
            }
        }
        return table.text + "\n" + disks(report) + verdict(report)
    }

    private static func disks(_ report: MigrationReport) -> String {
        guard let plan = report.plan, !plan.disks.isEmpty else { return "" }
        var table = Table("DISK", "WHAT IS DONE", "FILE")
        for disk in plan.disks { table.add([disk.target, words(disk), disk.path]) }
        return table.text + "\n"
    }

    private static func words(_ disk: MigrationPlan.Disk) -> String {
        switch disk.plan {
        case .shared: "nothing: both hosts have it"
        case .present: "nothing: the same bytes are there"
        case .overlay where disk.bringsLayers: "image brought, what differs copied"
        case .overlay: "what differs from the image copied"
        case .copied: "copied"
        case .brought: "brought beforehand"
        }
    }

    private static func verdict(_ report: MigrationReport) -> String {
        let way = report.isLive ? "live" : "while it is off"
        let count = report.errors.count
        return report.isPossible
            ? "\(report.vm) can move from \(report.from) to \(report.to) \(way)\n"
            : "\(report.vm) cannot move from \(report.from) to \(report.to): "
                + (count == 1 ? "one thing stands against it\n" : "\(count) things stand against it\n")
    }
}
