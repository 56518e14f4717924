import Foundation
import PKI
import Subprocess
import TestSupport
import Testing

@testable import Modules

/// The receiver's text under every shell, fed with frames as a connection would.
@Suite struct ReceiverTests {
    /// Runs the receiver's text itself, so that each shell can be tried whatever /bin/sh is.
    private func converse(_ shell: HostShell, _ frames: [UInt8]) async throws -> (records: [Record], raw: String) {
        let host = try ScratchHost(shell)
        defer { host.remove() }
        let outcome = try await host.run(
            ["-c", String(decoding: PackageResources.receiver_sh, as: UTF8.self), "N0nce"], input: frames)
        #expect(outcome.error == "")
        return (read(outcome.output), String(decoding: outcome.output, as: UTF8.self))
    }

    private func read(_ output: [UInt8]) -> [Record] {
        var reader = RecordReader(nonce: "N0nce")
        return reader.feed(output) + reader.finish()
    }

    private func directory(_ records: [Record]) -> String? {
        records.lazy.compactMap { if case .ready(let directory, _, _) = $0 { directory } else { nil } }.first
    }

    @Test(arguments: HostShell.allCases)
    func storesBytesExactlyAndRunsFiles(_ shell: HostShell) async throws {
        // Every byte, and lengths around the size of a block.
        var frames: [UInt8] = []
        var sums = ""
        for (number, length) in [0, 1, 255, 65535, 65536, 65537, 200_000].enumerated() {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 256) }
            frames += Receiver.put("f\(number)", bytes)
            sums += "\(ContentDigest.sha256(bytes))  f\(number)\n"
        }
        let script = "cat >/dev/null; cd \"$DROVER_RUN\" && sha256sum f? && exit 7\n"
        frames += Receiver.put("look", Array(script.utf8)) + Receiver.exec("look") + Receiver.bye
        let (records, _) = try await converse(shell, frames)
        #expect(records.contains(.exited(name: "look", code: 7, output: Array(sums.utf8))), "\(records)")
        #expect(records.last == .bye)
        let folder = try #require(directory(records))
        #expect(!FileManager.default.fileExists(atPath: folder), "removed at the end")
    }

    @Test(arguments: HostShell.allCases)
    func followsADetachedProgram(_ shell: HostShell) async throws {
        let script = """
            main() { for i in 1 2 3; do printf '@drover:N0nce\\tprogress\\t%s\\n' $i; sleep 0.1; done
            echo stray >&2; printf '@drover:N0nce\\tend\\t0\\t0\\n'; }
            main </dev/null

            """
        let frames =
            Receiver.put("program", Array(script.utf8)) + Receiver.put("x.blob", [1]) + Receiver.start("program")
            + Receiver.bye
        let (records, _) = try await converse(shell, frames)
        #expect(
            Array(records.dropFirst()) == [
                .progress(1), .progress(2), .progress(3), .end(code: 0, failures: 0), .stray("stray\n"),
                .ended(code: 0), .bye,
            ], "\(records)")
    }

    @Test(.timeLimit(.minutes(1)), arguments: [HostShell.dash, .bash, .ash])
    func theRunOutlivesTheConnection(_ shell: HostShell) async throws {
        let host = try ScratchHost(shell)
        defer { host.remove() }
        let script = """
            main() { printf '@drover:N0nce\\tprogress\\t1\\n'; until [ -e '\(host.root)/go' ]; do sleep 0.05; done
            printf '@drover:N0nce\\tprogress\\t2\\n@drover:N0nce\\tend\\t0\\t0\\n'; }
            main </dev/null

            """
        let text = String(decoding: PackageResources.receiver_sh, as: UTF8.self)
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(host.outside)/receiver"))
        try Data(Receiver.put("program", Array(script.utf8)) + Receiver.start("program")).write(
            to: URL(fileURLWithPath: "\(host.outside)/frames"))
        // The receiver is killed as sshd's child would be: only what it started in a session of its own goes on.
        let cut = """
            cd "$0" || exit
            setsid "$@" -c "$(cat receiver)" N0nce <frames >first 2>&1 &
            until grep -q progress first; do sleep 0.05; done
            kill -9 -$!
            cat first
            """
        let first = try await Subprocess.run(
            .name("bash"), arguments: Arguments(["-c", cut, host.outside] + shell.words),
            output: .bytes(limit: 1 << 16),
            error: .discarded)
        let before = read(first.standardOutput)
        #expect(before.contains(.progress(1)) && !before.contains(.progress(2)), "\(before)")
        let folder = try #require(directory(before))
        let run = (folder as NSString).lastPathComponent
        try Data().write(to: URL(fileURLWithPath: "\(host.outside)/go"))
        let again = try await host.run(
            ["-c", text, "N0nce"], input: Receiver.attach(run, offset: 0) + Receiver.remove(run) + Receiver.bye)
        let after = read(again.output)
        #expect(
            Array(after.dropFirst()) == [
                .progress(1), .progress(2), .end(code: 0, failures: 0), .ended(code: 0), .bye,
            ],
            "\(after)")
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test(arguments: HostShell.allCases)
    func aCutUploadRunsNothing(_ shell: HostShell) async throws {
        let script = Array("echo ran\n".utf8)
        let whole = Receiver.put("program", script) + Receiver.exec("program")
        for length in [3, whole.count - Receiver.exec("program").count - 1, whole.count - 1] {
            let (records, raw) = try await converse(shell, Array(whole.prefix(length)))
            #expect(!raw.contains("ran\n"), "cut at \(length)")
            let folder = try #require(directory(records))
            #expect(!FileManager.default.fileExists(atPath: folder), "nothing stays")
        }
    }

    @Test(arguments: [
        "put ../x 1", "put .x 1", "put -x 1", "put a/b 1", "put x -1", "put x 1x", "exec $(touch /x)", "start *",
        "frob x", "put",
    ])
    func refusesWhatIsNoFrame(_ frame: String) async throws {
        let (records, _) = try await converse(.dash, Array((frame + "\nx").utf8))
        #expect(records.contains { if case .failed = $0 { true } else { false } }, "\(records)")
        #expect(!records.contains(.bye))
    }

    @Test func theCommandIsPlainAndShort() async throws {
        let command = Receiver.command(nonce: "N0nce", prefix: ["env"])
        #expect(command.utf8.count < 8192, "\(command.utf8.count)")
        #expect(!command.contains("\n") && !command.contains("\\") && !command.contains("!"))
        // As sshd hands it over: to the login shell, after whatever its start-up files print.
        for shell in ["sh", "bash"] {
            let result = try await Subprocess.run(
                .name(shell), arguments: ["-c", "echo Welcome; " + command], input: .array(Receiver.bye),
                output: .bytes(limit: 1 << 16), error: .discarded)
            let records = read(result.standardOutput)
            #expect(records.first == .garbage(Array("Welcome\n".utf8)) && records.last == .bye, "\(records)")
        }
    }
}
