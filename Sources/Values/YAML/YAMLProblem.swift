/// libyaml's terse complaints with what people can do about them.
enum YAMLProblem {
    /// A syntax error.
    /// - Parameter context: what libyaml was doing and where that began.
    static func syntax(_ problem: String, at mark: Mark, line: Substring, context: (text: String, mark: Mark)?) -> Diagnostic {
        // What is left open is noticed lines later: the place where it began is the one to mend.
        let began = leftOpen.contains(problem) ? context?.mark : nil
        let place = began ?? mark
        var detail: String?
        if let context {
            let other = began == nil ? context.mark : mark
            let verb = began == nil ? "which begins" : "noticed"
            detail = context.text + (other == place ? "" : ", \(verb) at line \(other.line), column \(other.column)")
        }
        return .error(
            "not valid YAML: \(problem)", detail: detail,
            hint: indentedByTab(line) ? "indent with spaces; YAML takes no tabs there" : hint(problem, at: mark), mark: place)
    }

    /// A character that YAML does not allow anywhere.
    static func unreadable(_ problem: String, value: Int32, at mark: Mark) -> Diagnostic {
        let code = value >= 0 ? " (U+\(hex(value)))" : ""
        return .error(
            "not valid YAML: \(problem)\(code)", hint: "write the character as an escape in double quotes, such as \"\\x1b\"",
            mark: mark)
    }

    private static let leftOpen: Set<String> = [
        "could not find expected ':'", "found unexpected end of stream", "found unexpected document indicator",
        "did not find expected ',' or ']'", "did not find expected ',' or '}'",
    ]

    private static func hex(_ value: Int32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private static func indentedByTab(_ line: Substring) -> Bool {
        line.prefix { $0 == " " || $0 == "\t" }.contains("\t")
    }

    private static func hint(_ problem: String, at mark: Mark) -> String? {
        switch problem {
        case "found character that cannot start any token":
            let character = mark.source.line(mark.line)?.dropFirst(mark.column - 1).first.map { " \"\($0)\"" } ?? ""
            return "put text that begins with\(character) in quotes"
        case "mapping values are not allowed in this context":
            return "put a value that holds \": \" in quotes, or see whether the line above lacks its colon"
        case "could not find expected ':'":
            return "write \"key: value\", with a space after the colon, or close the quotes or brackets opened before"
        case "did not find expected key", "did not find expected '-' indicator":
            return "check that this line is indented like its neighbours and that quotes above it are closed"
        case "found unexpected end of stream", "found unexpected document indicator":
            return "a quote or bracket is not closed"
        case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
            return "separate entries with commas and close the bracket"
        case "found unknown escape character":
            return "double the backslash, or use single quotes, in which a backslash is just a character"
        case "block sequence entries are not allowed in this context":
            return "begin the list on a line of its own"
        default: return nil
        }
    }
}
