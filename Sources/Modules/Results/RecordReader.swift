internal import Values

/// Reads the records of a channel, incrementally and with bounded memory, whatever a host sends.
package struct RecordReader: Sendable {
    /// The longest record: two encoded outputs of 64 KiB and more.
    static let longestLine = 1 << 20
    /// How much of a foreground program's output is kept.
    static let mostOutput = 4 << 20

    private let prefix: [UInt8]
    private var line: [UInt8] = []
    private var overlong = false
    private var garbage: [UInt8] = []
    private var foreground: (name: String, output: [UInt8])?
    private var changes: [Int: Mapping] = [:]
    private var diffs: [Int: String] = [:]
    /// How many bytes of a spool have been read, to attach again from there: whole lines only.
    package private(set) var spoolOffset = 0
    private var inSpool = false

    package init(nonce: String) { prefix = Array("@drover:\(nonce)\t".utf8) }

    /// Takes what has arrived; gives the records that it completes.
    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [Record] {
        var records: [Record] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if overlong { keepGarbage(line.prefix(256)) } else { take(&records) }
                line.removeAll(keepingCapacity: true)
                overlong = false
            } else if line.count < Self.longestLine {
                line.append(byte)
            } else {
                overlong = true
            }
        }
        if garbage.count >= 4096 { flush(&records) }
        return records
    }

    /// What is left when the channel has closed.
    package mutating func finish() -> [Record] {
        var records: [Record] = []
        if !line.isEmpty { keepGarbage(line.prefix(4096)) }
        line = []
        flush(&records)
        return records
    }

    private mutating func flush(_ records: inout [Record]) {
        guard !garbage.isEmpty else { return }
        records.append(.garbage(garbage))
        garbage = []
    }

    private mutating func keepGarbage(_ bytes: some Collection<UInt8>) {
        guard garbage.count < 4096 else { return }
        garbage += bytes.prefix(4096 - garbage.count)
        garbage.append(UInt8(ascii: "\n"))
    }

    private mutating func take(_ records: inout [Record]) {
        // A program's output need not end with a line feed: the record of its end then stands behind it on one line.
        if foreground != nil, let start = line.firstRange(of: prefix)?.lowerBound, start > 0 {
            foreground?.output += line[..<start].prefix(Self.mostOutput)
            line.removeSubrange(..<start)
        }
        guard line.starts(with: prefix) else {
            if foreground != nil {
                if foreground?.output.count ?? 0 < Self.mostOutput { foreground?.output += line + [UInt8(ascii: "\n")] }
            } else {
                keepGarbage(line)
            }
            return
        }
        let fields = RecordFields(line[prefix.count...])
        // The receiver's own words are not in the spool.
        let isReceivers = Self.receiverVerbs.contains(fields.verb)
        if inSpool, !isReceivers { spoolOffset += line.count + 1 }
        guard let record = record(fields) else { return }
        flush(&records)
        records.append(record)
    }

    private static let receiverVerbs: Set<String> = [
        "ready", "begin-file", "exit", "ended", "stray", "beat", "fail", "stopped", "bye",
    ]

    /// The record of a line; nil for lines that only add to a record to come, and for what is malformed.
    private mutating func record(_ fields: RecordFields) -> Record? {
        switch fields.verb {
        case "ready": return .ready(directory: fields.text(1), uid: fields.number(2), boot: fields.text(3))
        case "begin-file":
            foreground = (fields.text(0), [])
            return .starts(name: fields.text(0))
        case "follow":
            foreground = nil
            inSpool = true
            spoolOffset = fields.number(0) ?? 0
            return nil
        case "exit":
            defer { foreground = nil }
            return .exited(name: fields.text(0), code: fields.number(1), output: foreground?.output ?? [])
        case "ended":
            inSpool = false
            return .ended(code: fields.number(0))
        case "stray": return .stray(fields.base64(0))
        case "beat": return .beat
        case "fail": return .failed(fields.text(0))
        case "stopped": return .stopped(run: fields.text(0))
        case "bye": return .bye
        case "begin": return .begin(test: fields.text(1) == "1")
        case "progress": return fields.number(0).map { .progress($0) }
        case "confirm": return .needConfirm(token: fields.text(0), seconds: fields.number(1) ?? 60)
        case "ask": return fields.number(0).map { .ask(chunk: $0, test: fields.text(1) != "0") }
        case "end": return .end(code: fields.number(0) ?? 70, failures: fields.number(1) ?? 0)
        case "change": note(fields)
        case "diff": if let index = fields.number(0) { diffs[index] = fields.base64(1) }
        case "state": return state(fields)
        default: break
        }
        return nil
    }

    private mutating func note(_ fields: RecordFields) {
        guard let index = fields.number(0), fields.count >= 3, fields.count < 12 else { return }
        if fields.text(1) == "j" {
            // All changes of a state at once, as the controller told the host.
            let text = SourceText(name: "changes", text: fields.base64(2))
            if let map = try? JSON.read(text).map { changes[index] = (changes[index] ?? Mapping()).merged(with: map) }
            return
        }
        let value: Value
        switch fields.text(1) {
        case "i": value = Value(fields.number(2) ?? 0)
        case "t": value = true
        case "f": value = false
        case "n": value = .null
        case "m": value = Value(Mapping())
        case "b": value = Value(fields.base64(2))
        default: value = Value(fields.text(2))
        }
        var known = changes[index] ?? Mapping()
        Self.put(value, at: fields.texts(from: 3)[...], in: &known)
        changes[index] = known
    }

    private static func put(_ value: Value, at path: ArraySlice<String>, in map: inout Mapping) {
        guard let key = path.first else { return }
        if path.count == 1 {
            map[key] = value
            return
        }
        var inner = map[key]?.map ?? Mapping()
        put(value, at: path.dropFirst(), in: &inner)
        map[key] = Value(inner)
    }

    private mutating func state(_ fields: RecordFields) -> Record? {
        var name = fields.text(0)
        let isListener = name.hasPrefix("listener-")
        if isListener { name.removeFirst("listener-".count) }
        guard let index = Int(name), index >= 0, let number = fields.number(1) else { return nil }
        let changed = changes.removeValue(forKey: index) ?? Mapping()
        var result = StateResult(
            chunk: index, isListener: isListener, number: number, result: nil, changes: changed,
            comment: fields.text(6), startTime: fields.text(3), duration: Double(fields.text(4)) ?? 0,
            ran: fields.text(5) == "1", diff: diffs.removeValue(forKey: index))
        switch fields.text(2) {
        case "true": result.result = true
        case "false": result.result = false
        default: break
        }
        if result.diff == nil, let diff = changed["diff"]?.string, diff.hasPrefix("--- ") { result.diff = diff }
        return .state(result)
    }
}
