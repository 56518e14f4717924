internal import Values

/// A template's text as bytes with its line ends made `\n`, which still knows the lines and columns of its source.
struct TemplateBytes {
    private(set) var bytes: [UInt8] = []
    /// Offsets at which the source's lines begin.
    private var lineStarts: [Int] = [0]
    // Places are asked for in ascending order, so the count continues where it was.
    private var line = 0
    private var counted = 0
    private var column = 1

    /// One final line end is dropped, as Jinja does.
    init(_ source: SourceText) {
        let carriageReturn = UInt8(ascii: "\r")
        let newline = UInt8(ascii: "\n")
        bytes.reserveCapacity(source.text.utf8.count)
        var previous: UInt8 = 0
        for byte in source.text.utf8 {
            switch byte {
            case newline where previous == carriageReturn:
                lineStarts.append(bytes.count)
            case newline:
                bytes.append(newline)
                lineStarts.append(bytes.count)
            case carriageReturn:
                // A lone carriage return ends a line for Jinja, not for the source's line numbers.
                bytes.append(newline)
            default:
                bytes.append(byte)
            }
            previous = byte
        }
        if bytes.last == newline { bytes.removeLast() }
    }

    var count: Int { bytes.count }

    /// The byte at an offset; 0 behind the end.
    subscript(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func has(_ word: StaticString, at offset: Int) -> Bool {
        let length = word.utf8CodeUnitCount
        guard offset + length <= bytes.count else { return false }
        return word.withUTF8Buffer { buffer in
            for index in 0..<length where buffer[index] != bytes[offset + index] { return false }
            return true
        }
    }

    /// The offset behind the white space that begins at `offset`.
    func skippingSpace(from offset: Int) -> Int {
        var index = offset
        while index < bytes.count, bytes[index].isTemplateSpace { index += 1 }
        return index
    }

    /// Line and column of an offset. Asking in ascending order is cheap.
    mutating func place(_ offset: Int) -> Place {
        if offset < counted { (line, counted, column) = (0, 0, 1) }
        while line + 1 < lineStarts.count, lineStarts[line + 1] <= offset {
            line += 1
            counted = lineStarts[line]
            column = 1
        }
        while counted < offset {
            if counted < bytes.count, bytes[counted] & 0xC0 != 0x80 { column += 1 }
            counted += 1
        }
        return Place(line: line + 1, column: column)
    }
}

extension UInt8 {
    var isTemplateSpace: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    /// May begin an identifier; every byte of a non-ASCII character may.
    var isNameStart: Bool {
        (self >= 0x61 && self <= 0x7A) || (self >= 0x41 && self <= 0x5A) || self == 0x5F || self >= 0x80
    }
    var isNamePart: Bool { isNameStart || isDigit }
}
