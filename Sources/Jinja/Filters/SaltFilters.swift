internal import FoundationEssentials
internal import Values

/// Filters that Salt adds for its own purposes.
enum SaltFilters {
    static let table: [String: Filter] = [
        "to_bool": Filter { .bool(try truth($0.input)) },
        "sequence": Filter { call in
            switch call.input {
            case .list, .tuple, .map: call.input
            default: .list([call.input])
            }
        },
        "quote": .text { text, _ in .string(shellQuoted(text)) },
        "traverse": Filter(["key", "default", "delimiter"], required: 1) { try traversed($0) },
        "union": .sequence(["lst2"], required: 1) { items, call in
            .list(try SequenceFilters.unique(items + (try call.datum(0)?.elements() ?? [])))
        },
        "intersect": .sequence(["lst2"], required: 1) { items, call in
            let others = try call.datum(0)?.elements() ?? []
            return .list(try SequenceFilters.unique(try items.filter { try Datum.contains(others, $0) }))
        },
        "difference": .sequence(["lst2"], required: 1) { items, call in
            let others = try call.datum(0)?.elements() ?? []
            return .list(try SequenceFilters.unique(try items.filter { try !Datum.contains(others, $0) }))
        },
        "symmetric_difference": .sequence(["lst2"], required: 1) { items, call in
            let others = try call.datum(0)?.elements() ?? []
            let mine = try items.filter { try !Datum.contains(others, $0) }
            let theirs = try others.filter { try !Datum.contains(items, $0) }
            return .list(try SequenceFilters.unique(mine + theirs))
        },
        "flatten": .sequence(["levels", "preserve_nulls"]) { items, call in
            .list(try flattened(items, levels: try call.int(0) ?? .max, keepsNulls: try call.truth(1) ?? false))
        },
        "is_list": Filter { if case .list = $0.input { .bool(true) } else { .bool(false) } },
        "is_iter": Filter { call in
            switch call.input {
            case .list, .tuple, .map: .bool(true)
            default: .bool(false)
            }
        },
        "to_num": .text { text, _ in
            if let number = Int(text) { return .int(number) }
            return PythonNumber.double(text).map { .double($0) } ?? .string(text)
        },
        "contains_whitespace": .text { text, _ in .bool(text.unicodeScalars.contains(where: \.isPythonSpace)) },
        "base64_encode": .text { text, _ in .string(Data(text.utf8).base64EncodedString()) },
        "base64_decode": .text { text, _ in
            let digits = Data(text.utf8.filter { !$0.isTemplateSpace })
            guard let bytes = Data(base64Encoded: digits) else { throw Fault("text is not base64") }
            return .string(String(decoding: bytes, as: UTF8.self))
        },
        "path_join": Filter(nil) { call in .string(try joinedPath([call.input] + call.arguments.positional)) },
    ]

    private static func truth(_ input: Datum) throws -> Bool {
        switch input {
        case .bool(let truth): return truth
        case .string(let text): return ["yes", "1", "true"].contains(text.lowercased())
        case .int(let number): return number > 0
        case .list, .tuple, .map: return try input.length() > 0
        default: return false
        }
    }

    static func shellQuoted(_ text: String) -> String {
        let isSafe =
            !text.isEmpty && text.utf8.allSatisfy { ($0.isNamePart && $0 < 0x80) || "@%+=:,./-".utf8.contains($0) }
        return isSafe ? text : "'" + text.replacingText("'", with: "'\"'\"'") + "'"
    }

    /// The value at `a:b:0:c`, in mappings and lists; a name in a list is looked for in its mappings.
    private static func traversed(_ call: Invocation) throws -> Datum {
        let path = try call.datum(0)?.text() ?? ""
        let fallback = call[1] ?? .null
        var value = call.input
        let delimiter = try call.text(2) ?? ":"
        guard !delimiter.isEmpty else { throw Fault("the delimiter of \"traverse\" is empty") }
        guard !path.isEmpty else { return value }
        for part in path.parts(separatedBy: delimiter) {
            guard let next = try step(value, part) else { return fallback }
            value = next
        }
        return value
    }

    private static func step(_ value: Datum, _ part: String) throws -> Datum? {
        switch value {
        case .map(let box): return try box[part] ?? number(part).flatMap { box.table[try DatumKey($0)] }
        case .list, .tuple:
            if let index = Int(part) { return try value.elements().element(index) }
            for case .map(let box) in try value.elements() { if let found = box[part] { return found } }
            return nil
        default: return nil
        }
    }

    private static func number(_ text: String) -> Datum? {
        Int(text).map { .int($0) } ?? (text.contains(".") ? Double(text).map { .double($0) } : nil)
    }

    private static func flattened(_ items: [Datum], levels: Int, keepsNulls: Bool, depth: Int = 0) throws -> [Datum] {
        guard depth < 200 else { throw Fault("list is nested too deeply, or contains itself") }
        return try items.flatMap { item -> [Datum] in
            switch item {
            case .null where !keepsNulls: return []
            case .list, .tuple:
                let inner = try item.elements()
                guard levels > 0 else { return [item] }
                return try flattened(inner, levels: levels - 1, keepsNulls: keepsNulls, depth: depth + 1)
            default: return [item]
            }
        }
    }

    private static func joinedPath(_ parts: [Datum]) throws -> String {
        var result: [Substring] = []
        var isAbsolute = false
        for (index, part) in parts.enumerated() {
            let text = try part.text()
            if index == 0 { isAbsolute = text.hasPrefix("/") }
            result += text.split(separator: "/")
        }
        return (isAbsolute ? "/" : "") + result.joined(separator: "/")
    }
}

extension String {
    /// The parts between separators, empty ones too.
    func parts(separatedBy separator: String) -> [String] {
        var result: [String] = []
        var start = startIndex
        for cut in ranges(ofText: separator) {
            result.append(String(self[start..<cut.lowerBound]))
            start = cut.upperBound
        }
        return result + [String(self[start...])]
    }
}
