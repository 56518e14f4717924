import Glibc

/// A program that outlives the command that starts it.
enum Daemon {
    /// True where systemd is the first process; programs then need a scope of their own to be left alone.
    static var systemdRuns: Bool { Disk.exists("/run/systemd/system") }

    /// The words that start a program in a scope of systemd's, or the words themselves where there is no systemd.
    static func scoped(_ words: [String], unit: String, systemd: Bool) -> [String] {
        guard systemd else { return words }
        return [
            "systemd-run", "--quiet", "--scope", "--collect", "--unit=\(unit)", "--description=\(unit)",
            "--property=Delegate=yes", "--",
        ]
            + words
    }

    /// Starts a program in a session of its own and records it.
    /// - Parameters:
    ///   - unit: the scope's name where systemd runs.
    ///   - log: file for all that it says.
    ///   - record: file that will hold its identity.
    static func start(
        _ words: [String], unit: String, log: String, record: String
    ) async throws(LabError) -> ProcessIdentity {
        let script = "log=$1; shift; setsid \"$@\" >\"$log\" 2>&1 </dev/null & echo $!"
        let words = scoped(words, unit: unit, systemd: systemdRuns)
        let output = try await Tool.run(["sh", "-c", script, "start", log] + words)
        guard let number = Int32(output.filter { $0 != "\n" }), let process = ProcessIdentity(number) else {
            throw LabError(
                .tool, "\"\(unit)\" ended as soon as it was started", detail: Tool.tail(Disk.read(log) ?? ""))
        }
        try Disk.write(record, process.record)
        return process
    }

    /// The recorded process, if it still runs.
    static func recorded(_ record: String) -> ProcessIdentity? {
        guard let text = Disk.read(record), let process = ProcessIdentity(record: text), process.isAlive else {
            return nil
        }
        return process
    }

    /// Asks again every 20 ms until `condition` holds; false after `seconds`.
    static func wait(seconds: Double, until condition: () -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition() {
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: .milliseconds(20))) != nil else {
                return false
            }
        }
        return true
    }
}
