/// Reads the XML that libvirt writes: elements, attributes, text, CDATA and the predefined entities.
///
/// There are no document types and so no entities of a document's own: what another host sends cannot make this read a
/// file or grow without bound. Depth, size and the number of elements are limited.
struct XMLReader {
    static let maximumBytes = 16 << 20
    static let maximumDepth = 128
    static let maximumElements = 200_000

    private let bytes: [UInt8]
    private var position = 0
    private var elements = 0

    private init(_ text: String) { bytes = Array(text.utf8) }

    static func read(_ text: String) throws(XMLProblem) -> XMLElement {
        guard text.utf8.count <= maximumBytes else {
            throw XMLProblem(message: "document has more than \(maximumBytes) bytes", offset: nil)
        }
        var reader = XMLReader(text)
        return try reader.document()
    }

    /// Whether XML 1.0 allows the character.
    static func allows(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private mutating func document() throws(XMLProblem) -> XMLElement {
        try skipProlog()
        guard peek() == UInt8(ascii: "<") else { throw problem("expected an element") }
        let root = try element(depth: 0)
        try skipProlog()
        guard position == bytes.count else { throw problem("text behind the root element") }
        return root
    }

    /// White space, comments, processing instructions and the XML declaration.
    private mutating func skipProlog() throws(XMLProblem) {
        while true {
            skipSpace()
            if starts("<?") {
                try skip(past: "?>")
            } else if starts("<!--") {
                try skip(past: "-->")
            } else if starts("<!") {
                throw problem("document types are not read")
            } else {
                return
            }
        }
    }

    private mutating func element(depth: Int) throws(XMLProblem) -> XMLElement {
        guard depth < Self.maximumDepth else {
            throw problem("elements are nested more than \(Self.maximumDepth) deep")
        }
        elements += 1
        guard elements <= Self.maximumElements else { throw problem("more than \(Self.maximumElements) elements") }
        position += 1
        var result = XMLElement(try name(), attributes: [], nodes: [])
        while true {
            skipSpace()
            if starts("/>") {
                position += 2
                return result
            }
            if peek() == UInt8(ascii: ">") {
                position += 1
                break
            }
            let attribute = try self.attribute()
            guard result[attribute: attribute.name] == nil else {
                throw problem("attribute \"\(attribute.name)\" is there twice")
            }
            result.attributes.append(attribute)
        }
        result.nodes = try content(depth: depth)
        let closing = try name()
        skipSpace()
        guard closing == result.name, peek() == UInt8(ascii: ">") else {
            throw problem("<\(result.name)> is closed by </\(closing)>")
        }
        position += 1
        return result
    }

    /// What an element holds, up to and with the `</` that ends it.
    private mutating func content(depth: Int) throws(XMLProblem) -> [XMLElement.Node] {
        var nodes: [XMLElement.Node] = []
        var text: [UInt8] = []
        func flushed() -> [XMLElement.Node] { text.isEmpty ? [] : [.text(String(decoding: text, as: UTF8.self))] }
        while let byte = peek() {
            if byte == UInt8(ascii: "&") {
                text += try entity()
            } else if byte != UInt8(ascii: "<") {
                text.append(byte)
                position += 1
            } else if starts("</") {
                position += 2
                return nodes + flushed()
            } else if starts("<!--") {
                try skip(past: "-->")
            } else if starts("<![CDATA[") {
                let start = position + 9
                try skip(past: "]]>")
                text += bytes[start..<(position - 3)]
            } else if starts("<?") {
                try skip(past: "?>")
            } else if starts("<!") {
                throw problem("document types are not read")
            } else {
                nodes += flushed()
                text = []
                nodes.append(.element(try element(depth: depth + 1)))
            }
        }
        throw problem("document ends inside an element")
    }

    private mutating func attribute() throws(XMLProblem) -> XMLElement.Attribute {
        let name = try name()
        skipSpace()
        guard peek() == UInt8(ascii: "=") else { throw problem("expected = behind attribute \"\(name)\"") }
        position += 1
        skipSpace()
        guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw problem("value of attribute \"\(name)\" is not quoted")
        }
        position += 1
        var value: [UInt8] = []
        while let byte = peek(), byte != quote {
            if byte == UInt8(ascii: "<") { throw problem("< inside attribute \"\(name)\"") }
            if byte == UInt8(ascii: "&") {
                value += try entity()
            } else {
                value.append(byte)
                position += 1
            }
        }
        guard peek() == quote else { throw problem("document ends inside attribute \"\(name)\"") }
        position += 1
        return XMLElement.Attribute(name, String(decoding: value, as: UTF8.self))
    }

    private mutating func entity() throws(XMLProblem) -> [UInt8] {
        let end = bytes[position...].prefix(12).firstIndex(of: UInt8(ascii: ";"))
        guard let end else { throw problem("& without an entity") }
        let word = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
        let scalar: Unicode.Scalar? =
            switch word {
            case "amp": "&"
            case "lt": "<"
            case "gt": ">"
            case "quot": "\""
            case "apos": "'"
            case _ where word.hasPrefix("#x"): UInt32(word.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
            case _ where word.hasPrefix("#"): UInt32(word.dropFirst(1)).flatMap(Unicode.Scalar.init)
            default: nil
            }
        guard let scalar, Self.allows(scalar) else { throw problem("entity &\(word); is not known") }
        position = end + 1
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func name() throws(XMLProblem) -> String {
        let start = position
        while let byte = peek(), !" \t\r\n=/><'\"&".utf8.contains(byte) { position += 1 }
        guard position > start else { throw problem("expected a name") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private func starts(_ prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func skip(past end: StaticString) throws(XMLProblem) {
        while position < bytes.count, !starts(end) { position += 1 }
        guard position < bytes.count else { throw problem("document ends before \(end)") }
        position += end.utf8CodeUnitCount
    }

    private func problem(_ message: String) -> XMLProblem { XMLProblem(message: message, offset: position) }
}

extension XMLElement {
    /// Reads a document; the result is its root element.
    public init(reading text: String) throws(XMLProblem) {
        self = try XMLReader.read(text)
    }
}
