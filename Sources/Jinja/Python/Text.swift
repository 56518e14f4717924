/// What Python does with text, by Unicode scalars.
extension String {
    func containsText(_ part: String) -> Bool {
        part.isEmpty || firstScalarRange(of: part, in: startIndex..<endIndex) != nil
    }

    /// The first place of `part`, compared by code units.
    func firstScalarRange(of part: String, in range: Range<Index>) -> Range<Index>? {
        let needle = Array(part.utf8)
        guard let first = needle.first else { return range.lowerBound..<range.lowerBound }
        let bytes = utf8
        var start = range.lowerBound
        while let found = bytes[start..<range.upperBound].firstIndex(of: first) {
            guard let end = bytes.index(found, offsetBy: needle.count, limitedBy: range.upperBound) else {
                return nil
            }
            if bytes[found..<end].elementsEqual(needle) { return found..<end }
            start = bytes.index(after: found)
        }
        return nil
    }

    /// Without white space, or without the given characters, on the sides asked for.
    func trimmed(_ characters: String? = nil, left: Bool = true, right: Bool = true) -> String {
        let chosen = characters.map { Set($0.unicodeScalars) }
        func drops(_ scalar: Unicode.Scalar) -> Bool { chosen?.contains(scalar) ?? scalar.isPythonSpace }
        var view = unicodeScalars[...]
        if left { view = view.drop(while: drops) }
        if right { while let last = view.last, drops(last) { view.removeLast() } }
        return String(view)
    }

    /// The places of `part`, left to right, not overlapping.
    func ranges(ofText part: String, limit: Int = .max) -> [Range<Index>] {
        var result: [Range<Index>] = []
        var start = startIndex
        while result.count < limit, let found = firstScalarRange(of: part, in: start..<endIndex) {
            result.append(found)
            start = found.upperBound
        }
        return result
    }

    /// Python's `replace`; an empty `old` stands between all characters.
    func replacingText(_ old: String, with new: String, limit: Int = .max) -> String {
        guard !old.isEmpty else { return interspersed(with: new, limit: limit) }
        var result = ""
        var start = startIndex
        for range in ranges(ofText: old, limit: limit) {
            result += self[start..<range.lowerBound] + new
            start = range.upperBound
        }
        return result + self[start...]
    }

    private func interspersed(with new: String, limit: Int) -> String {
        var result = String.UnicodeScalarView()
        var left = limit
        for scalar in unicodeScalars {
            if left > 0 { result.append(contentsOf: new.unicodeScalars) }
            left -= 1
            result.append(scalar)
        }
        if left > 0 { result.append(contentsOf: new.unicodeScalars) }
        return String(result)
    }

    /// Python's `splitlines`.
    func pythonLines(keepingEnds: Bool = false) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var ended = false
        var previous: Unicode.Scalar = " "
        for scalar in unicodeScalars {
            if ended, !(previous == "\r" && scalar == "\n") {
                lines.append(String(line))
                line = .init()
                ended = false
            }
            let ends = scalar.endsPythonLine
            if !ends || keepingEnds { line.append(scalar) }
            ended = ended || ends
            previous = scalar
        }
        if ended || !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    /// Words between white space.
    var pythonWords: [String] { unicodeScalars.split(whereSeparator: \.isPythonSpace).map { String($0) } }

    /// First letter large, the others small.
    var capitalizedFirst: String {
        guard let first = unicodeScalars.first else { return "" }
        return first.properties.titlecaseMapping + String(unicodeScalars.dropFirst()).lowercased()
    }
}

extension Unicode.Scalar {
    var isPythonSpace: Bool {
        (value >= 0x09 && value <= 0x0D) || (value >= 0x1C && value <= 0x20)
            || (value > 0x7F && properties.isWhitespace)
    }

    var endsPythonLine: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    var isCased: Bool {
        properties.isUppercase || properties.isLowercase || properties.generalCategory == .titlecaseLetter
    }
}
