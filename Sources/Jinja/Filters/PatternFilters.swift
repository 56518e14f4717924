/// Salt's filters on regular expressions.
enum PatternFilters {
    static let table: [String: Filter] = [
        "regex_match": .text(["rgx", "ignorecase", "multiline"], required: 1) { text, call in
            groups(try pattern(call, flags: 1).groups(in: text, atStart: true))
        },
        "regex_search": .text(["rgx", "ignorecase", "multiline"], required: 1) { text, call in
            groups(try pattern(call, flags: 1).groups(in: text, atStart: false))
        },
        "regex_replace": .text(["rgx", "val", "ignorecase", "multiline"], required: 2) { text, call in
            .string(try pattern(call, flags: 2).replacing(in: text, with: try call.text(1) ?? ""))
        },
        "regex_escape": .text { text, _ in
            .string(text.unicodeScalars.map { needsEscape($0) ? "\\\($0)" : String($0) }.joined())
        },
    ]

    private static func pattern(_ call: Invocation, flags: Int) throws -> Pattern {
        try Pattern(
            try call.text(0) ?? "", ignoresCase: try call.truth(flags) ?? false,
            isMultiline: try call.truth(flags + 1) ?? false)
    }

    private static func groups(_ groups: [String?]?) -> Datum {
        guard let groups else { return .null }
        return .tuple(groups.map { $0.map { .string($0) } ?? .null })
    }

    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        "()[]{}?*+-|^$\\.&~# \t\n\r\u{0B}\u{0C}".unicodeScalars.contains(scalar)
    }
}
