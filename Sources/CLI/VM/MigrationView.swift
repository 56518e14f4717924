internal import Fleet
internal import Synchronization
internal import Values

/// Migrations under way, as people see them, or programs: then each line is JSON.
final class MigrationView: Sendable {
    private let isVerbose: Bool
    private let isJSON: Bool
    /// Whether it has to be said whose figures they are.
    private let several: Bool
    private let told = Mutex<[String: ContinuousClock.Instant]>([:])

    init(_ common: CommonOptions, several: Bool) {
        isVerbose = common.verbose
        isJSON = common.format == .json
        self.several = several
    }

    @Sendable func show(_ vm: String, _ progress: MigrationProgress) {
        guard !isJSON else { return write(vm, progress) }
        switch progress {
        case .step(let words):
            let line = prefix(vm) + words
            isVerbose ? Terminal.note(line) : Terminal.status(line)
        case .warning(let found):
            Terminal.clearStatus()
            Terminal.show([found])
        case .copying(let figures): Terminal.status(prefix(vm) + Self.line(figures))
        }
    }

    private func prefix(_ vm: String) -> String { several ? "\(vm): " : "" }

    /// Figures twice a second, everything else as it comes.
    private func write(_ vm: String, _ progress: MigrationProgress) {
        if case .warning(let found) = progress { Terminal.show([found]) }
        if case .copying = progress {
            let now = ContinuousClock.now
            let isDue = told.withLock { told in
                if let last = told[vm], now - last < .milliseconds(500) { return false }
                told[vm] = now
                return true
            }
            guard isDue else { return }
        }
        Terminal.note(JSON.write(progress.value(of: vm), pretty: false))
    }

    static func line(_ figures: MigrationFigures) -> String {
        let done = gibibytes(figures.done)
        var line = "\(figures.phase == .disks ? "disks" : "memory"): \(done) of \(gibibytes(figures.total)) GiB"
        if let rate = figures.rate { line += ", \(mebibytes(rate)) MiB/s" }
        if let dirtied = figures.dirtied, figures.phase == .memory {
            line += ", the guest changes \(mebibytes(dirtied)) MiB/s"
        }
        if let throttle = figures.throttle, throttle > 0 { line += ", slowed by \(throttle) %" }
        if figures.converges == false { return line + ": will not converge at this rate" }
        if let downtime = figures.downtime { line += ", downtime now \(downtime) ms" }
        if let left = figures.secondsLeft { line += ", \(TimeSpan(seconds: left)) left" }
        return line
    }

    private static func gibibytes(_ bytes: Int) -> String {
        let hundredths = ((bytes >> 10) * 100) >> 20
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    static func mebibytes(_ bytes: Int) -> String {
        let tenths = ((bytes >> 10) * 10) >> 10
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
    }
}
