import Testing
import Values

@testable import Modules

@Suite struct RecordTests {
    private func read(_ text: String, at once: Int = .max) -> [Record] {
        var reader = RecordReader(nonce: "n")
        var records: [Record] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: min(once, bytes.count)) {
            records += reader.feed(bytes[start..<min(start + min(once, bytes.count), bytes.count)])
        }
        return records + reader.finish()
    }

    @Test(arguments: [1, 7, .max])
    func aStateComesTogetherFromItsLines(_ step: Int) {
        let text = """
            @drover:n\tprogress\t3
            @drover:n\tchange\t3\ts\ta\\tb\\\\\\n\tpkg\tnew
            @drover:n\tchange\t3\ti\t12\tpid
            @drover:n\tchange\t3\tb\tw6kK\tstdout
            @drover:n\tchange\t3\tt\t\tsvc
            @drover:n\tstate\t3\t1\tnull\t10:11:12.000001\t12.5\t1\tsome\\ncomment

            """
        let records = read(text, at: step)
        guard records.count == 2, case .state(let result) = records[1] else {
            Issue.record("\(records)")
            return
        }
        #expect(records[0] == .progress(3))
        #expect(result.result == nil && result.number == 1 && result.duration == 12.5 && result.ran)
        #expect(result.comment == "some\ncomment")
        #expect(
            Value(result.changes) == ["pkg": ["new": "a\tb\\\n"], "pid": 12, "stdout": "é\n", "svc": true] as Value)
    }

    @Test func otherNoncesAreGarbage() {
        #expect(
            read("@drover:m\tend\t0\t0\nhello\n@drover:n\tbeat\n") == [
                .garbage(Array("@drover:m\tend\t0\t0\nhello\n".utf8)), .beat,
            ])
    }

    @Test func aFloodIsBounded() {
        var reader = RecordReader(nonce: "n")
        var kept = 0
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
        for _ in 0..<64 {
            for record in reader.feed(block) { if case .garbage(let bytes) = record { kept += bytes.count } }
        }
        for record in reader.finish() { if case .garbage(let bytes) = record { kept += bytes.count } }
        #expect(kept <= 8192)
    }

    @Test(arguments: [
        "state", "state\tx", "change\t1", "change\t-1\ts", "exit", "end", "diff\t1\t***", "change\t0\tb\t=\tk",
        "progress\t99999999999999999999", "", "\t\t",
    ])
    func whatIsMalformedDoesNoHarm(_ line: String) {
        _ = read("@drover:n\t\(line)\n")
    }
}
