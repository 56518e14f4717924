/// Filters for HTML, XML and addresses.
enum MarkupFilters {
    static let table: [String: Filter] = [
        "escape": escape, "e": escape, "forceescape": escape,
        "safe": .text { text, _ in .string(text) },
        "striptags": .text { text, _ in .string(stripped(text)) },
        "urlencode": Filter { call in
            switch call.input {
            case .map(let box):
                return .string(try query(box.table.pairs.map { ($0.key, $0.value) }))
            case .list, .tuple:
                return .string(
                    try query(
                        try call.input.elements().map { pair in
                            let parts = try pair.elements()
                            guard parts.count == 2 else { throw Fault("\"urlencode\" of a list needs pairs") }
                            return (parts[0], parts[1])
                        }))
            default: return .string(percentEncoded(try call.input.text(), keeping: "/"))
            }
        },
        "xmlattr": Filter(["autospace"]) { try attributes($0) },
    ]

    private static let escape = Filter.text { text, _ in .string(escaped(text)) }

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static let entities = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}"]

    /// Without comments and tags, entities resolved, white space made single blanks.
    private static func stripped(_ text: String) -> String {
        var kept = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            kept += rest[..<start]
            let end = rest[start...].hasPrefix("<!--") ? "-->" : ">"
            guard let close = text.firstScalarRange(of: end, in: start..<text.endIndex) else {
                kept += rest[start...]
                rest = ""
                break
            }
            rest = text[close.upperBound...]
        }
        return unescaped(kept + rest).pythonWords.joined(separator: " ")
    }

    private static func unescaped(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            rest = rest[start...]
            let name = rest.dropFirst().prefix { $0 != ";" }
            if rest.dropFirst(name.count + 1).first == ";", let replacement = replacement(String(name)) {
                result += replacement
                rest = rest.dropFirst(name.count + 2)
            } else {
                result += "&"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private static func replacement(_ name: String) -> String? {
        if let known = entities[name] { return known }
        guard name.hasPrefix("#") else { return nil }
        let isHexadecimal = name.dropFirst().first == "x"
        return UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10)
            .flatMap(Unicode.Scalar.init).map { String($0) }
    }

    private static func query(_ pairs: [(Datum, Datum)]) throws -> String {
        try pairs.map { key, value in
            let parts = try [key, value].map {
                percentEncoded(try $0.text(), keeping: "").replacingText("%20", with: "+")
            }
            return parts.joined(separator: "=")
        }.joined(separator: "&")
    }

    private static func percentEncoded(_ text: String, keeping: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if (byte.isNamePart && byte < 0x80) || "-.~".utf8.contains(byte) || keeping.utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }

    private static func attributes(_ call: Invocation) throws -> Datum {
        guard case .map(let box) = call.input else {
            throw Fault("\"xmlattr\" needs a mapping, not \(call.input.kindName)")
        }
        var parts: [String] = []
        for (key, value) in box.table.pairs where !value.isNull && !value.isUndefined {
            let name = try key.text()
            guard !name.unicodeScalars.contains(where: { $0.isPythonSpace || "/>=".unicodeScalars.contains($0) }) else {
                throw Fault("\"\(name)\" is no name of an attribute")
            }
            parts.append("\(escaped(name))=\"\(escaped(try value.text()))\"")
        }
        let text = parts.joined(separator: " ")
        return .string(try !text.isEmpty && call.truth(0) ?? true ? " " + text : text)
    }
}
