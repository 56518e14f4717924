package import Values

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
    /// The steps behind which nothing is left to do: it was finished, undone, or never got past its beginning.
    static let closingSteps: Set<String> = ["finished", "undone", "refused"]
    package var isClosed: Bool { Self.closingSteps.contains(lastStep) }

    package func hasStep(_ step: String) -> Bool { steps.contains { $0["step"]?.string == step } }

    /// Every text of a field, in order: what was made step by step.
    package func all(_ field: String) -> [String] { steps.compactMap { $0[field]?.string } }

    /// The latest value of a field.
    package subscript(_ field: String) -> Value? {
        for step in steps.reversed() { if let value = step[field] { return value } }
        return nil
    }
}
