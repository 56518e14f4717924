/// Filters on text.
enum TextFilters {
    static let table: [String: Filter] = [
        "lower": .text { text, _ in .string(text.lowercased()) },
        "upper": .text { text, _ in .string(text.uppercased()) },
        "capitalize": .text { text, _ in .string(text.capitalizedFirst) },
        "title": .text { text, _ in .string(titled(text)) },
        "trim": .text(["chars"]) { text, call in .string(text.trimmed(try call.text(0))) },
        "replace": .text(["old", "new", "count"], required: 2) { text, call in
            let limit = try call.int(2) ?? -1
            let old = try call.datum(0)?.text() ?? ""
            let result = text.replacingText(old, with: try call.datum(1)?.text() ?? "", limit: limit < 0 ? .max : limit)
            try Limits.checkText(result.utf8.count)
            return .string(result)
        },
        "indent": .text(["width", "first", "blank"]) { text, call in .string(try indented(text, call)) },
        "center": .text(["width"]) { text, call in
            try StringMethods.call("center", on: text, Arguments("center", [.int(try call.int(0) ?? 80)]))
        },
        "truncate": .text(["length", "killwords", "end", "leeway"]) { text, call in .string(try truncated(text, call))
        },
        "wordcount": .text { text, _ in .int(wordCount(text)) },
        "wordwrap": .text(["width", "break_long_words", "wrapstring", "break_on_hyphens"]) { text, call in
            let width = max(1, try call.int(0) ?? 79)
            let breaks = try call.truth(1) ?? true
            let joint = try call.text(2) ?? "\n"
            return .string(
                text.pythonLines().map { wrapped($0, width, breaks).joined(separator: joint) }.joined(separator: joint))
        },
        "format": Filter(nil) { call in
            let arguments = call.arguments
            guard arguments.positional.isEmpty || arguments.named.isEmpty else {
                throw Fault("\"format\" takes arguments with names or without, not both")
            }
            guard !arguments.named.isEmpty else {
                return .string(try PercentFormat.format(try call.input.text(), .tuple(arguments.positional)))
            }
            var table = MapTable()
            for (name, value) in arguments.named { table.set(name, to: value) }
            return .string(try PercentFormat.format(try call.input.text(), .map(MapBox(table))))
        },
    ]

    /// A large letter behind white space, hyphens and opening brackets.
    private static func titled(_ text: String) -> String {
        var result = ""
        var begins = true
        for scalar in text.unicodeScalars {
            let divides = scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar)
            result += begins ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
            begins = divides
        }
        return result
    }

    private static func indented(_ text: String, _ call: Invocation) throws -> String {
        let indentation: String
        if case .string(let given)? = call[0] {
            indentation = given
        } else {
            let width = try call.int(0) ?? 4
            try Limits.checkText(width)
            indentation = String(repeating: " ", count: max(0, width))
        }
        let lines = (text + "\n").pythonLines()
        try Limits.checkText(text.utf8.count + lines.count * indentation.utf8.count)
        let blank = try call.truth(2) ?? false
        let rest = lines.dropFirst().map { $0.isEmpty && !blank ? $0 : indentation + $0 }
        let result = ([lines.first ?? ""] + rest).joined(separator: "\n")
        return try call.truth(1) ?? false ? indentation + result : result
    }

    private static func truncated(_ text: String, _ call: Invocation) throws -> String {
        let length = try call.int(0) ?? 255
        let end = try call.text(2) ?? "..."
        let scalars = Array(text.unicodeScalars)
        let room = length - end.unicodeScalars.count
        guard room >= 0 else { throw Fault("\"truncate\" to \(length) has no room for \"\(end)\"") }
        if scalars.count <= length + (try call.int(3) ?? 5) { return text }
        var kept = scalars.prefix(room)
        if try !(call.truth(1) ?? false), let blank = kept.lastIndex(of: " ") { kept = kept[..<blank] }
        return String(String.UnicodeScalarView(kept)) + end
    }

    private static func wordCount(_ text: String) -> Int {
        var count = 0
        var inside = false
        for scalar in text.unicodeScalars {
            let isWord = scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_"
            if isWord, !inside { count += 1 }
            inside = isWord
        }
        return count
    }

    /// Lines of at most `width` characters, broken at blanks.
    private static func wrapped(_ line: String, _ width: Int, _ breaksLongWords: Bool) -> [String] {
        var lines: [String] = []
        var current = ""
        for word in line.pythonWords {
            var rest = word
            if !current.isEmpty, current.unicodeScalars.count + 1 + rest.unicodeScalars.count > width {
                lines.append(current)
                current = ""
            }
            while breaksLongWords, current.isEmpty, rest.unicodeScalars.count > width {
                lines.append(String(rest.unicodeScalars.prefix(width)))
                rest = String(rest.unicodeScalars.dropFirst(width))
            }
            current += current.isEmpty ? rest : " " + rest
        }
        return current.isEmpty ? lines : lines + [current]
    }
}
