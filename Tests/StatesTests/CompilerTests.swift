import States
import Testing
import Values

@Suite("Compiling SLS files to low state")
struct CompilerTests {
    @Test("every case of Fixtures/cases comes out as it says", arguments: CompileCase.all)
    func compiles(_ example: CompileCase) throws {
        let low: LowState
        do throws(Diagnostics) {
            low = try example.compile()
        } catch {
            try compare(error.all, with: example)
            return
        }
        let expectsErrors = example.body["errors"] != nil
        try #require(!expectsErrors, "compiled, to \(low.chunks.map(\.label))")
        if example.body["order"] != nil { #expect(low.chunks.map(\.label) == example.texts("order")) }
        if let numbers = example.body["numbers"]?.list {
            #expect(low.chunks.map { $0.json()["order"] } == numbers.map(Optional.some))
        }
        for (label, wanted) in example.body["chunks"]?.map ?? Mapping() { compareChunk(low, label, wanted) }
        for (label, wanted) in example.body["requisites"]?.map ?? Mapping() { compareRequisites(low, label, wanted) }
        let warnings = low.warnings.map(\.summary)
        #expect(warnings == example.texts("warnings"))
    }

    private func compareChunk(_ low: LowState, _ label: Value, _ wanted: Value) {
        guard let chunk = low.chunks.first(where: { $0.label == label.string }) else {
            Issue.record("no chunk \(label.string ?? "?")")
            return
        }
        for (key, value) in wanted.map ?? Mapping() {
            let expected: Value? = value.string == "absent" ? Optional.none : value
            let found = chunk.json()[key.string ?? ""]
            // As text, because the order of keys does not matter.
            #expect(found.map { JSON.write($0) } == expected.map { JSON.write($0) }, "\(key.string ?? "")")
        }
    }

    private func compareRequisites(_ low: LowState, _ label: Value, _ wanted: Value) {
        guard let chunk = low.chunks.first(where: { $0.label == label.string }) else {
            Issue.record("no chunk \(label.string ?? "?")")
            return
        }
        var found: [String: [String]] = [:]
        for (kind, references) in chunk.requisites {
            found[kind.rawValue] = references.flatMap(\.chunks).map { low.chunks[$0].label }
        }
        var expected: [String: [String]] = [:]
        for (kind, labels) in wanted.map ?? Mapping() {
            expected[kind.string ?? ""] = labels.list?.compactMap(\.string)
        }
        #expect(found == expected, "\(label.string ?? "")")
    }

    /// Each expected error names the place and a part of what has to be said; in order, none more and none less.
    private func compare(_ problems: [Diagnostic], with example: CompileCase) throws {
        let shown = problems.map {
            "\($0.mark.map { "\($0)" } ?? "-") \($0.summary) | \($0.detail ?? "") | \($0.hint ?? "")"
        }
        let wanted = try #require(example.body["errors"]?.list, "\(shown.joined(separator: "\n"))")
        #expect(problems.count == wanted.count, "\(shown.joined(separator: "\n"))")
        for (text, wanted) in zip(shown, wanted) {
            for part in wanted.list ?? [wanted] {
                #expect(text.contains(part.string ?? "?"), "\(text)")
            }
        }
    }

    @Test("a chunk refers only to earlier chunks, but for prereq and listen", arguments: CompileCase.all)
    func pointsBack(_ example: CompileCase) {
        guard let low = try? example.compile() else { return }
        for (place, chunk) in low.chunks.enumerated() {
            for (kind, references) in chunk.requisites {
                for target in references.flatMap(\.chunks) {
                    switch kind {
                    case .listen: #expect(low.chunks.indices.contains(target))
                    case .prereq: #expect(target > place, "\(example.testDescription): \(chunk.label)")
                    default: #expect(target < place, "\(example.testDescription): \(chunk.label)")
                    }
                }
            }
        }
    }
}
