internal import States
internal import Values

/// One chunk as shell.
struct PlannedState: Sendable {
    let index: Int
    let chunk: LowChunk
    let run: [String]
    let again: [String]?
    let functions: [String]
    let files: [BundleFile]
    let libraries: [ShellLibrary]
    let around: Surroundings
    /// A name for an event that waits for the next run: the same as long as the state is.
    private let eventKey: String
    private let alsoRequires: [Int]

    init(_ planner: StatePlanner, libraries: [ShellLibrary], around: Surroundings) {
        index = planner.index
        chunk = planner.chunk
        run = planner.run
        again = planner.again
        functions = planner.functions
        files = planner.files
        eventKey = String(planner.sources.sha256(Array(chunk.tag.utf8)).prefix(24))
        alsoRequires = planner.alsoRequires
        self.libraries = libraries
        self.around = around
    }

    /// Whether it runs what people or packagers wrote, which may write anywhere.
    var mayTouchAnyFile: Bool {
        switch (chunk.state, chunk.function) {
        case ("file", "managed"), ("test", _): false
        default: true
        }
    }

    /// The shell functions of the chunk.
    var text: String {
        var lines = functions
        lines.append("do_\(index)() {\n" + run.joined(separator: "\n") + "\n}")
        if let again { lines.append("again_\(index)() {\n" + again.joined(separator: "\n") + "\n}") }
        lines.append("state_\(index)() {\n" + body.joined(separator: "\n") + "\n}")
        return lines.joined(separator: "\n") + "\n"
    }

    /// What surrounds the state function: requisites in Salt's precedence, conditions, retries.
    private var body: [String] {
        var lines = ["begin_state \(index) \(eventKey)"]
        if !alsoRequires.isEmpty {
            lines.append("need require " + alsoRequires.map(String.init).joined(separator: " "))
        }
        for kind in Self.needs {
            let targets = targets(kind)
            if !targets.isEmpty { lines.append("need \(word(kind)) " + targets.joined(separator: " ")) }
        }
        let predicted = targets(.prereq)
        if !predicted.isEmpty { lines.append("need_prereq " + predicted.joined(separator: " ")) }
        lines += around.lines
        lines.append("apply_state \(again == nil ? "plain" : "watches")")
        return lines
    }

    /// The line that asks a listener at the end; nil when it listens to nothing or cannot be asked.
    var listenLine: String? {
        let targets = targets(.listen)
        guard again != nil, !targets.isEmpty else { return nil }
        return "key=\(eventKey)\nlisten \(index) " + targets.joined(separator: " ")
    }

    private func targets(_ kind: RequisiteKind) -> [String] {
        var seen: Set<Int> = []
        return (chunk.requisites[kind] ?? []).flatMap(\.chunks).filter { seen.insert($0).inserted }.map(String.init)
    }

    /// The state that comes before its `prereq` must have gone well, as for any requirement.
    private func word(_ kind: RequisiteKind) -> String { kind == .prerequired ? "require" : kind.rawValue }

    private static let needs: [RequisiteKind] = [
        .require, .prerequired, .requireAny, .watch, .watchAny, .onfail, .onfailAny, .onfailAll, .onchanges,
        .onchangesAny,
    ]
}

/// The conditions and the retries around a state function.
struct Surroundings: Sendable {
    var lines: [String] = []

    init(_ planner: inout StatePlanner) {
        let runtime = planner.chunk.runtime
        if runtime["failhard"]?.bool == true { lines.append("failhard=1") }
        for (key, function) in [("onlyif", "only_if"), ("unless", "unless"), ("creates", "creates")] {
            guard let value = runtime[key], !value.isNull else { continue }
            let texts = Self.texts(key, value, &planner)
            if !texts.isEmpty { lines.append("\(function) " + ShellText.words(texts)) }
        }
        if let value = runtime["check_cmd"], !value.isNull {
            var names: [String] = []
            for (number, text) in Self.texts("check_cmd", value, &planner).enumerated() {
                names.append("check_\(planner.index)_\(number)")
                lines.append(ShellText.assignment("check_\(planner.index)_\(number)", text))
            }
            lines.append(ShellText.assignment("checks", names.joined(separator: " ")))
        }
        addRetry(runtime["retry"], &planner)
    }

    private mutating func addRetry(_ value: Value?, _ planner: inout StatePlanner) {
        guard let value, !value.isNull, value.bool != false else { return }
        var options = value.map ?? Mapping()
        if value.map == nil, value.bool != true {
            guard let list = value.list else {
                planner.problems.append(
                    .error(
                        "\"retry\" has the wrong kind", detail: "found \(value.kindName), expected a mapping",
                        mark: value.mark))
                return
            }
            for item in list { for (key, entry) in item.map ?? Mapping() { options[key] = entry } }
        }
        lines.append("attempts=\(max(1, options["attempts"]?.int ?? 2))")
        lines.append("until=\(options["until"]?.bool ?? true)")
        lines.append("interval=\(max(0, options["interval"]?.int ?? 30))")
    }

    private static func texts(_ key: String, _ value: Value, _ planner: inout StatePlanner) -> [String] {
        var texts: [String] = []
        for item in value.list ?? [value] {
            if let truth = item.bool {
                texts.append(truth ? "true" : "false")
            } else if let text = item.string, planner.isClean(text) {
                texts.append(text)
            } else {
                planner.problems.append(
                    .error(
                        "\"\(key)\" of \(planner.title) is no command", detail: "found \(item.kindName)",
                        hint: "write what the host's shell is to run",
                        mark: item.mark ?? value.mark ?? planner.chunk.mark))
            }
        }
        return texts
    }
}
