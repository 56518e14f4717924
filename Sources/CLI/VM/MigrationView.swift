internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

/// A migration as people see it.
struct MigrationView: Sendable {
    let isVerbose: Bool

    @Sendable func show(_ progress: MigrationProgress) {
        switch progress {
        case .step(let words): isVerbose ? Terminal.note(words) : Terminal.status(words)
        case .warning(let found):
            Terminal.clearStatus()
            Terminal.show([found])
        case .copying(let moved, let total, let rate, let dirtied):
            var line = "copying: \(Self.mebibytes(moved)) of \(Self.mebibytes(total)) MiB"
            if let rate { line += ", \(Self.mebibytes(rate)) MiB/s" }
            if let dirtied { line += ", the guest dirties \(Self.mebibytes(dirtied)) MiB/s" }
            if let rate, let dirtied, rate > 0, dirtied > rate { line += ": will not converge at this rate" }
            Terminal.status(line)
        }
    }

    static func summary(_ outcome: MigrationOutcome) -> String {
        guard outcome.isMigrated else { return "" }
        let seconds = (outcome.seconds * 100).rounded() / 100
        let downtime = outcome.downtimeMilliseconds.map { "\($0) ms" } ?? "not seen"
        let libvirts = outcome.job?.downtime.map { " (libvirt's own figure: \($0) ms)" } ?? ""
        let disk = mebibytes(outcome.diskBytes)
        return """
            \(outcome.plan.vm) runs on \(outcome.plan.destination.name)
            \(seconds) s, downtime \(downtime)\(libvirts), memory \(mebibytes(outcome.job?.memory.processed ?? 0)) MiB, \
            disk \(disk) MiB, storage \(outcome.plan.storageName)

            """
    }

    private static func mebibytes(_ bytes: UInt64) -> String {
        let tenths = (bytes * 10) >> 20
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
    }
}
