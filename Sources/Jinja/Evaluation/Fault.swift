internal import Values

/// Something that went wrong while a template was rendered. The place is added by the node that was being evaluated.
struct Fault: Error {
    var summary: String
    var detail: String?
    var hint: String?
    var mark: Mark?
    /// Further lines of detail: the calls and imports it happened inside of, innermost first.
    var trail: [String] = []

    init(_ summary: String, detail: String? = nil, hint: String? = nil, mark: Mark? = nil) {
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.mark = mark
    }

    /// Any error of a function that a template called.
    init(_ error: any Error) {
        switch error {
        case let fault as Fault: self = fault
        case let diagnostic as Diagnostic: self.init(diagnostic)
        case let diagnostics as Diagnostics: self.init(diagnostics)
        default: self.init("\(error)")
        }
    }

    init(_ diagnostic: Diagnostic) {
        self.init(diagnostic.summary, detail: diagnostic.detail, hint: diagnostic.hint, mark: diagnostic.mark)
    }

    /// The first of them stands for all; the others are told in the detail.
    init(_ diagnostics: Diagnostics) {
        self.init(diagnostics.all.first ?? .error("unknown problem"))
        for further in diagnostics.all.dropFirst().prefix(5) {
            trail.append("also: \(further.summary)\(further.mark.map { " at \($0)" } ?? "")")
        }
    }

    /// Adds to the trail; what calls itself is told once.
    mutating func add(_ line: String) {
        if trail.count < 8, trail.last != line { trail.append(line) }
    }

    var diagnostic: Diagnostic {
        let lines = [detail].compactMap(\.self) + trail
        return .error(summary, detail: lines.isEmpty ? nil : lines.joined(separator: "\n"), hint: hint, mark: mark)
    }
}

/// What ends a loop's body early.
enum Flow {
    case next
    case breakLoop
    case continueLoop
}
