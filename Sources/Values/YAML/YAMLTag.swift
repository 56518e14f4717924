/// The tags that are understood: YAML's own for the kinds that values have.
enum YAMLTag {
    static let prefix = "tag:yaml.org,2002:"
    static let merge = prefix + "merge"

    /// What a scalar with an explicit tag means; nil when the tag is foreign or does not fit the text.
    static func kind(of text: String, tag: String) -> Value.Kind? {
        guard tag.hasPrefix(prefix) else { return nil }
        switch tag.dropFirst(prefix.count) {
        case "str", "merge": return .string(text)
        case "int": return PlainScalar.integer(text).map { .int($0) }
        case "float":
            let number = PlainScalar.fraction(text) ?? PlainScalar.integer(text).map(Double.init) ?? Double(text)
            return number.map { .double($0) }
        case "bool": return PlainScalar.truth(text).map { .bool($0) }
        case "null": return .null
        default: return nil
        }
    }

    static func problem(_ tag: String, text: String, at mark: Mark) -> Diagnostic {
        let short = tag.hasPrefix(prefix) ? "!!" + tag.dropFirst(prefix.count) : tag
        if ["!!int", "!!float", "!!bool", "!!str", "!!null", "!!seq", "!!map"].contains(short) {
            return .error("tag \"\(short)\" does not fit \"\(text)\"", mark: mark)
        }
        return .error(
            "unsupported YAML tag \"\(short)\"",
            detail: "supported are !!str, !!int, !!float, !!bool, !!null, !!seq and !!map",
            hint: "put text that begins with \"!\" in quotes", mark: mark)
    }
}
