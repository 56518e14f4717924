/// The methods of Python's `str`.
enum StringMethods {
    typealias Method = (String, Arguments) throws -> Datum

    static let names = Set(table.keys)

    static func call(_ name: String, on text: String, _ arguments: Arguments) throws -> Datum {
        guard let method = table[name] else { throw Fault("text has no method \"\(name)\"") }
        let result = try method(text, arguments)
        if case .string(let text) = result { try Limits.checkText(text.utf8.count) }
        return result
    }

    private static let table: [String: @Sendable (String, Arguments) throws -> Datum] = simple.merging(withArguments) {
        $1
    }

    // MARK: - Without arguments

    private static let simple: [String: @Sendable (String, Arguments) throws -> Datum] = [
        "upper": plain { .string($0.uppercased()) },
        "lower": plain { .string($0.lowercased()) },
        "casefold": plain { .string($0.lowercased()) },
        "title": plain { .string(titled($0)) },
        "capitalize": plain { .string($0.capitalizedFirst) },
        "swapcase": plain { text in
            .string(text.map { $0.isUppercase ? $0.lowercased() : $0.uppercased() }.joined())
        },
        "isdigit": plain {
            .bool(all($0) { $0.properties.numericType == .decimal || $0.properties.numericType == .digit })
        },
        "isdecimal": plain { .bool(all($0) { $0.properties.numericType == .decimal }) },
        "isnumeric": plain { .bool(all($0) { $0.properties.numericType != nil }) },
        "isalpha": plain { .bool(all($0) { $0.properties.isAlphabetic && $0.properties.numericType == nil }) },
        "isalnum": plain { .bool(all($0) { $0.properties.isAlphabetic || $0.properties.numericType != nil }) },
        "isspace": plain { .bool(all($0, \.isPythonSpace)) },
        "isascii": plain { .bool($0.unicodeScalars.allSatisfy(\.isASCII)) },
        "isupper": plain { .bool($0.unicodeScalars.contains(where: \.isCased) && $0 == $0.uppercased()) },
        "islower": plain { .bool($0.unicodeScalars.contains(where: \.isCased) && $0 == $0.lowercased()) },
        "istitle": plain { .bool($0.unicodeScalars.contains(where: \.isCased) && $0 == titled($0)) },
        "isidentifier": plain { text in
            .bool(text.utf8.first?.isNameStart == true && text.utf8.allSatisfy(\.isNamePart))
        },
    ]

    private static func plain(
        _ body: @escaping @Sendable (String) -> Datum
    ) -> @Sendable (String, Arguments) throws -> Datum {
        { text, arguments in
            _ = try arguments.bound(to: [])
            return body(text)
        }
    }

    private static func all(_ text: String, _ test: (Unicode.Scalar) -> Bool) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy(test)
    }

    /// A large letter wherever a run of letters begins.
    static func titled(_ text: String) -> String {
        var result = ""
        var insideWord = false
        for scalar in text.unicodeScalars {
            result += insideWord ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            insideWord = scalar.isCased
        }
        return result
    }

    // MARK: - With arguments

    private static let withArguments: [String: @Sendable (String, Arguments) throws -> Datum] = [
        "strip": { try strip($0, $1) },
        "lstrip": { try strip($0, $1, right: false) },
        "rstrip": { try strip($0, $1, left: false) },
        "split": { try split($0, $1, fromEnd: false) },
        "rsplit": { try split($0, $1, fromEnd: true) },
        "splitlines": { text, arguments in
            let keeps = try arguments.bound(to: ["keepends"]).truth(0) ?? false
            return .list(text.pythonLines(keepingEnds: keeps).map { .string($0) })
        },
        "partition": { try partition($0, $1, last: false) },
        "rpartition": { try partition($0, $1, last: true) },
        "startswith": { text, arguments in try affix(text, arguments) { $0.utf8.starts(with: $1.utf8) } },
        "endswith": { text, arguments in
            try affix(text, arguments) {
                $0.utf8.count >= $1.utf8.count && $0.utf8.suffix($1.utf8.count).elementsEqual($1.utf8)
            }
        },
        "removeprefix": { text, arguments in
            let prefix = try needed(arguments, "prefix")
            return .string(
                text.utf8.starts(with: prefix.utf8)
                    ? String(text.unicodeScalars.dropFirst(prefix.unicodeScalars.count)) : text)
        },
        "removesuffix": { text, arguments in
            let suffix = try needed(arguments, "suffix")
            let ends = !suffix.isEmpty && text.hasSuffix(suffix)
            return .string(ends ? String(text.unicodeScalars.dropLast(suffix.unicodeScalars.count)) : text)
        },
        "replace": { text, arguments in
            let bound = try arguments.bound(to: ["old", "new", "count"], required: 2)
            let limit = try bound.int(2, "count") ?? -1
            return .string(
                text.replacingText(
                    try bound.text(0, "old") ?? "", with: try bound.text(1, "new") ?? "",
                    limit: limit < 0 ? .max : limit))
        },
        "join": { text, arguments in
            let parts = try arguments.bound(to: ["iterable"], required: 1)[0]?.elements() ?? []
            return .string(try parts.map(joinable).joined(separator: text))
        },
        "format": { .string(try BraceFormat.format($0, $1)) },
        "count": { .int($0.ranges(ofText: try needed($1, "sub")).count) },
        "find": { try .int(find($0, $1) ?? -1) },
        "rfind": { try .int(find($0, $1, last: true) ?? -1) },
        "index": { try .int(found(find($0, $1))) },
        "rindex": { try .int(found(find($0, $1, last: true))) },
        "center": { try pad($0, $1) { missing, width in missing / 2 + (missing & width & 1) } },
        "ljust": { try pad($0, $1) { _, _ in 0 } },
        "rjust": { try pad($0, $1) { missing, _ in missing } },
        "zfill": { text, arguments in
            let width = try arguments.bound(to: ["width"], required: 1).int(0, "width") ?? 0
            try Limits.checkText(width)
            let missing = max(0, width - text.unicodeScalars.count)
            let sign = text.hasPrefix("-") || text.hasPrefix("+") ? 1 : 0
            return .string(text.prefix(sign) + String(repeating: "0", count: missing) + text.dropFirst(sign))
        },
        "expandtabs": { text, arguments in
            let width = try arguments.bound(to: ["tabsize"]).int(0, "tabsize") ?? 8
            return .string(expand(text, max(0, min(width, 64))))
        },
        "encode": { text, _ in .string(text) },
        "decode": { text, _ in .string(text) },
    ]

    private static func needed(_ arguments: Arguments, _ name: String) throws -> String {
        try arguments.bound(to: [name], required: 1).text(0, name) ?? ""
    }

    private static func joinable(_ part: Datum) throws -> String {
        switch part {
        case .string(let text): return text
        case .undefined(let undefined): throw undefined.fault
        default:
            throw Fault(
                "\"join\" of text takes text only, found \(part.kindName)", hint: "the filter \"join\" takes anything")
        }
    }

    private static func strip(
        _ text: String, _ arguments: Arguments, left: Bool = true, right: Bool = true
    ) throws -> Datum {
        .string(text.trimmed(try arguments.bound(to: ["chars"]).text(0, "chars"), left: left, right: right))
    }

    private static func split(_ text: String, _ arguments: Arguments, fromEnd: Bool) throws -> Datum {
        let bound = try arguments.bound(to: ["sep", "maxsplit"])
        let limit = try bound.int(1, "maxsplit") ?? -1
        guard let separator = try bound.text(0, "sep") else {
            return .list(words(text, limit: limit < 0 ? .max : limit, fromEnd: fromEnd).map { .string($0) })
        }
        guard !separator.isEmpty else { throw Fault("the separator of \"\(arguments.callee)\" is empty") }
        var cuts = text.ranges(ofText: separator, limit: fromEnd || limit < 0 ? .max : limit)
        if fromEnd, limit >= 0 { cuts = cuts.suffix(limit) }
        var parts: [Datum] = []
        var start = text.startIndex
        for cut in cuts {
            parts.append(.string(String(text[start..<cut.lowerBound])))
            start = cut.upperBound
        }
        return .list(parts + [.string(String(text[start...]))])
    }

    private static func words(_ text: String, limit: Int, fromEnd: Bool) -> [String] {
        let scalars = Array(text.unicodeScalars)
        let ordered = fromEnd ? scalars.reversed() : scalars
        var parts: [[Unicode.Scalar]] = []
        var rest = ordered.drop(while: \.isPythonSpace)
        while !rest.isEmpty {
            guard parts.count < limit else {
                parts.append(Array(rest))
                break
            }
            let word = rest.prefix { !$0.isPythonSpace }
            parts.append(Array(word))
            rest = rest.dropFirst(word.count).drop(while: \.isPythonSpace)
        }
        let words = parts.map { String(String.UnicodeScalarView(fromEnd ? $0.reversed() : $0)) }
        return fromEnd ? words.reversed() : words
    }

    private static func partition(_ text: String, _ arguments: Arguments, last: Bool) throws -> Datum {
        let separator = try needed(arguments, "sep")
        guard !separator.isEmpty else { throw Fault("the separator of \"\(arguments.callee)\" is empty") }
        let cuts = text.ranges(ofText: separator, limit: last ? .max : 1)
        guard let cut = last ? cuts.last : cuts.first else {
            return .tuple(
                last ? [.string(""), .string(""), .string(text)] : [.string(text), .string(""), .string("")])
        }
        return .tuple([
            .string(String(text[..<cut.lowerBound])), .string(separator), .string(String(text[cut.upperBound...])),
        ])
    }

    private static func affix(
        _ text: String, _ arguments: Arguments, _ test: (String, String) -> Bool
    ) throws -> Datum {
        let bound = try arguments.bound(to: ["prefix", "start", "end"], required: 1)
        let part = try part(of: text, bound)
        if case .tuple(let choices)? = bound[0] {
            return .bool(try choices.items.contains { test(part, try $0.text()) })
        }
        return .bool(test(part, try bound.text(0, "prefix") ?? ""))
    }

    /// The text between the arguments `start` and `end`, which are the second and third.
    private static func part(of text: String, _ bound: [Datum?]) throws -> String {
        guard bound[1] != nil || bound[2] != nil else { return text }
        return try Datum.string(text).sliced(start: bound[1], stop: bound[2], step: nil).text()
    }

    private static func find(_ text: String, _ arguments: Arguments, last: Bool = false) throws -> Int? {
        let bound = try arguments.bound(to: ["sub", "start", "end"], required: 1)
        let needle = try bound.text(0, "sub") ?? ""
        let part = try part(of: text, bound)
        let start = try bound.int(1, "start") ?? 0
        let skipped = start < 0 ? max(0, text.unicodeScalars.count + start) : start
        if needle.isEmpty { return last ? skipped + part.unicodeScalars.count : skipped }
        let places = part.ranges(ofText: needle, limit: last ? .max : 1)
        guard let place = last ? places.last : places.first else { return nil }
        return skipped + part.unicodeScalars.distance(from: part.startIndex, to: place.lowerBound)
    }

    private static func found(_ place: Int?) throws -> Int {
        guard let place else { throw Fault("substring was not found") }
        return place
    }

    /// `left` says how many of the missing characters go to the left, given their number and the width.
    private static func pad(_ text: String, _ arguments: Arguments, left: (_ missing: Int, _ width: Int) -> Int) throws
        -> Datum
    {
        let bound = try arguments.bound(to: ["width", "fillchar"], required: 1)
        let width = try bound.int(0, "width") ?? 0
        let fill = try bound.text(1, "fillchar") ?? " "
        guard fill.unicodeScalars.count == 1 else {
            throw Fault("the fill of \"\(arguments.callee)\" must be one character")
        }
        try Limits.checkText(width)
        let missing = max(0, width - text.unicodeScalars.count)
        let before = missing > 0 ? left(missing, width) : 0
        return .string(String(repeating: fill, count: before) + text + String(repeating: fill, count: missing - before))
    }

    private static func expand(_ text: String, _ width: Int) -> String {
        var result = String.UnicodeScalarView()
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                let blanks = width == 0 ? 0 : width - column % width
                result.append(contentsOf: String(repeating: " ", count: blanks).unicodeScalars)
                column += blanks
            } else {
                result.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return String(result)
    }
}
