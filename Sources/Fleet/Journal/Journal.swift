package import Values

/// The operations of a fleet, one file of JSON lines each. A step is on the disk before it is taken.
package struct Journal: Sendable {
    private let directory: String

    package init(_ fleet: FleetDirectory) { directory = fleet.journal }

    /// Starts an operation.
    /// - Parameters:
    ///   - kind: what it does: `migrate`, `create`, `rotate`.
    ///   - fields: what recovery needs to know: VM, hosts, disks.
    /// - Throws: ``FileError``; then nothing may be done.
    package func begin(_ kind: String, _ fields: Mapping) throws(FileError) -> OperationLog {
        try DiskPath.makeDirectory(directory, mode: 0o700)
        let log = OperationLog(id: Self.newIdentifier(), kind: kind, directory: directory)
        try log.record("begin", fields)
        return log
    }

    /// Every operation that the journal knows, oldest first. A torn last line is left out.
    package func operations() -> [OperationRecord] {
        DiskPath.list(directory).filter { $0.hasSuffix(".jsonl") }.compactMap { name in
            OperationRecord(id: String(name.dropLast(6)), path: DiskPath.join(directory, name))
        }
    }

    package func operation(_ id: String) -> OperationRecord? {
        operations().first { $0.id == id }
    }

    /// The log of an operation that is to go on.
    package func resume(_ record: OperationRecord) -> OperationLog {
        OperationLog(id: record.id, kind: record.kind, directory: directory)
    }

    /// Sorts by time; unique among controllers.
    private static func newIdentifier() -> String {
        let now = Clock.milliseconds
        let stamp = Clock.iso(now / 1000).filter { $0.isNumber || $0 == "T" } + String(now % 1000 + 1000).dropFirst()
        let tail = String(UInt32.random(in: 0 ... .max), radix: 36)
        return stamp.lowercased() + "-" + tail
    }
}

/// The open end of one operation's journal.
package struct OperationLog: Sendable {
    package let id: String
    package let kind: String
    let directory: String

    /// Writes a step and waits for the disk.
    package func record(_ step: String, _ fields: Mapping = Mapping()) throws(FileError) {
        var line = Mapping([("step", Value(step)), ("kind", Value(kind)), ("at", Value(Clock.iso(Clock.now)))])
        for (key, value) in fields { line[key] = value }
        // Begun on a line of its own: a line that was torn must not swallow this one.
        let text = "\n" + JSON.write(Value(line), pretty: false) + "\n"
        try DiskFile.append(Array(text.utf8), to: DiskPath.join(directory, id + ".jsonl"))
    }
}

/// What a journal tells of one operation.
package struct OperationRecord: Sendable {
    package let id: String
    package let kind: String
    /// Each step with its fields, in order.
    package let steps: [Mapping]

    init?(id: String, path: String) {
        guard let text = try? DiskFile.readText(path) else { return nil }
        let lines = text.split(separator: "\n")
        steps = lines.compactMap { try? JSON.read(SourceText(name: path, text: String($0))).map }
        guard let first = steps.first, let kind = first["kind"]?.string else { return nil }
        self.id = id
        self.kind = kind
    }

    package var started: String { steps.first?["at"]?.string ?? "" }
    package var lastStep: String { steps.last?["step"]?.string ?? "" }
    /// Nothing is left to do: it was finished, undone, or never got past its beginning.
    package var isClosed: Bool { ["finished", "undone", "refused"].contains(lastStep) }

    /// Every text of a field, in order: what was made step by step.
    package func all(_ field: String) -> [String] { steps.compactMap { $0[field]?.string } }

    /// The latest value of a field.
    package subscript(_ field: String) -> Value? {
        for step in steps.reversed() { if let value = step[field] { return value } }
        return nil
    }
}
