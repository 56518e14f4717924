/// Text from outside made fit for a message: bounded, and without what moves a terminal's cursor.
enum Printable {
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }

    static func text(_ raw: String, limit: Int = 200) -> String {
        var out = ""
        for scalar in raw.unicodeScalars.prefix(limit) {
            if isControl(scalar) {
                out += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return raw.unicodeScalars.count > limit ? out + "..." : out
    }
}
