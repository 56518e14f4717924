import Foundation
import Glibc
import PKI
import Testing

@Suite(.timeLimit(.minutes(3)))
struct LedgerTests {
    @Test func repairsATornLine() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let kept = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            let ledger = scratch.pki + "/ledger.jsonl"
            let whole = try String(contentsOfFile: ledger, encoding: .utf8)
            _ = try await authority.issue(profile("hv2"), requestedBy: "t", reason: "t")
            truncate(ledger, whole.utf8.count + 100)

            // A reader without the lock passes over a line that may still be being written.
            #expect(try authority.ledger().map(\.serial) == [kept.certificate.serial])
            let opened = try await Authority.open(directory: scratch.pki)
            #expect(opened.warnings.count == 1 && opened.warnings[0].contains("100 bytes were moved"))
            #expect(try String(contentsOfFile: ledger, encoding: .utf8) == whole)
            let aside = try String(contentsOfFile: scratch.pki + "/ledger.torn", encoding: .utf8)
            #expect(aside.utf8.count == 101)
            _ = try await opened.issue(profile("hv3"), requestedBy: "t", reason: "t")
            #expect(try opened.ledger().map(\.name) == ["hv1", "hv3"])
            #expect(try await Authority.open(directory: scratch.pki).warnings.isEmpty)
        }
    }

    @Test func completesALineThatLacksOnlyItsNewline() async throws {
        try await Scratch.with { scratch in
            let authority = try await scratch.authority()
            let pair = try await authority.issue(profile("hv1"), requestedBy: "t", reason: "t")
            let ledger = scratch.pki + "/ledger.jsonl"
            let size = try String(contentsOfFile: ledger, encoding: .utf8).utf8.count
            truncate(ledger, size - 1)
            let opened = try await Authority.open(directory: scratch.pki)
            #expect(opened.warnings.count == 1)
            #expect(try opened.ledger() == [pair.entry])
        }
    }

    @Test(arguments: [
        "not json", "{}", "{\"action\":\"issue\",\"at\":\"\",\"by\":\"\",\"plane\":\"api\",\"reason\":\"\"}",
    ])
    func refusesADamagedMiddle(line: String) async throws {
        try await Scratch.with { scratch in
            _ = try await scratch.authority()
            let ledger = scratch.pki + "/ledger.jsonl"
            let handle = try #require(FileHandle(forWritingAtPath: ledger))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data((line + "\n").utf8))
            try handle.close()
            let error = await #expect(throws: PKIError.self) { try await Authority.open(directory: scratch.pki) }
            #expect(error?.code == .damaged && error?.message.hasPrefix("line 3 of") == true)
        }
    }

    /// A process that issues without pause is killed at some moment, again and again.
    @Test(arguments: 0..<4)
    func survivesKill(round: Int) async throws {
        try await Scratch.with { scratch in
            _ = try await scratch.authority()
            let directory = scratch.pki
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [directory = directory as String, round = round as Int] in
                let authority = try await Authority.open(directory: directory)
                let killer = Thread {
                    usleep(useconds_t(20_000 + round * 7_919))
                    kill(getpid(), SIGKILL)
                }
                killer.start()
                var number = 0
                while true {
                    number += 1
                    let pair = try await authority.issue(profile("hv\(number)"), requestedBy: "t", reason: "t")
                    _ = try await authority.controllerPair(requestedBy: "t", now: UnixTime.now + number * 300 * day)
                    try Data(pair.certificate.serial.utf8).write(
                        to: URL(fileURLWithPath: directory + "/../got-\(number)"))
                }
            }
            let opened = try await Authority.open(directory: directory)
            let known = try Set(opened.ledger().map(\.serial))
            for name in try FileManager.default.contentsOfDirectory(atPath: scratch.path) where name.hasPrefix("got-") {
                let serial = try String(contentsOfFile: "\(scratch.path)/\(name)", encoding: .utf8)
                #expect(serial.isEmpty || known.contains(serial))
            }
            _ = try await opened.issue(profile("after"), requestedBy: "t", reason: "t")
            let pair = try await opened.controllerPair(requestedBy: "t")
            #expect(FileManager.default.fileExists(atPath: pair.directory + "/clientkey.pem"))
            let left = try await tool("find", directory, "-name", ".writing-*")
            #expect(left.text.isEmpty)
        }
    }
}
