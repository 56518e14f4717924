extension XMLElement {
    /// The element as XML text, indented by two spaces where no text would be changed by it, ending in a newline.
    ///
    /// Throws when a name or a value has a character that XML 1.0 cannot carry (control characters): replacing it would
    /// name another file or machine.
    public func written() throws(XMLProblem) -> String {
        var output = ""
        try write(into: &output, depth: 0, indented: true)
        return output + "\n"
    }

    private func write(into output: inout String, depth: Int, indented: Bool) throws(XMLProblem) {
        let indent = String(repeating: "  ", count: depth)
        if indented { output += indent }
        output += "<" + (try Self.checkedName(name))
        for attribute in attributes {
            output += " " + (try Self.checkedName(attribute.name)) + "='"
            output += try Self.escaped(attribute.value, inAttribute: true) + "'"
        }
        guard !nodes.isEmpty else {
            output += "/>"
            return
        }
        output += ">"
        let inner = !nodes.contains { if case .text = $0 { true } else { false } }
        for node in nodes {
            if inner { output += "\n" }
            switch node {
            case .text(let text): output += try Self.escaped(text, inAttribute: false)
            case .element(let element): try element.write(into: &output, depth: depth + 1, indented: inner)
            }
        }
        output += (inner ? "\n" + indent : "") + "</" + name + ">"
    }

    private static func checkedName(_ name: String) throws(XMLProblem) -> String {
        let legal = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: byte >= 0x80 || "_-.:".utf8.contains(byte)
            }
        }
        guard legal, !name.isEmpty else {
            throw XMLProblem(message: "\"\(name)\" cannot be the name of an XML element or attribute", offset: nil)
        }
        return name
    }

    private static func escaped(_ text: String, inAttribute: Bool) throws(XMLProblem) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'" where inAttribute: result += "&apos;"
            case "\n" where inAttribute: result += "&#10;"
            case "\t" where inAttribute: result += "&#9;"
            case "\r": result += "&#13;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            default:
                guard XMLReader.allows(scalar) else {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    throw XMLProblem(message: "character U+\(code) cannot be written in XML", offset: nil)
                }
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
