/// Ranges in names and addresses: `hv[1-3]`, `hv[01-10]`, `rack[a-c]`, `hv[1,3,7-9]`; several multiply, the last fastest.
package enum NameRange {
    package struct Problem: Error, Hashable {
        package let message: String
    }

    /// More than this from one text is a slip.
    static let most = 10_000

    /// Whether the text holds something that expands.
    package static func isIn(_ text: String) -> Bool {
        pieces(of: text).contains { if case .range = $0 { true } else { false } }
    }

    /// All texts it stands for, itself if it holds no range. Brackets that hold no range are left alone.
    package static func expand(_ text: String) throws(Problem) -> [String] {
        var results = [""]
        for piece in pieces(of: text) {
            switch piece {
            case .text(let part): results = results.map { $0 + part }
            case .range(let inside):
                let items = try items(of: inside)
                guard results.count * items.count <= most else {
                    throw Problem(message: "\"\(text)\" stands for more than \(most) names")
                }
                results = results.flatMap { start in items.map { start + $0 } }
            }
        }
        return results
    }

    private enum Piece {
        case text(String)
        case range(Substring)
    }

    private static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "[") {
            let inside = rest[rest.index(after: open)...].prefix { $0 != "]" && $0 != "[" }
            guard inside.endIndex < rest.endIndex, rest[inside.endIndex] == "]", looksLikeRange(inside) else {
                let next = rest.index(after: open)
                pieces.append(.text(String(rest[..<next])))
                rest = rest[next...]
                continue
            }
            pieces.append(.text(String(rest[..<open])))
            pieces.append(.range(inside))
            rest = rest[rest.index(after: inside.endIndex)...]
        }
        return pieces + [.text(String(rest))]
    }

    /// Items between commas, each a word or two words of one kind with a dash: `[abc]` and `[!x]` are glob classes instead.
    private static func looksLikeRange(_ inside: Substring) -> Bool {
        guard inside.contains("-") || inside.contains(",") else { return false }
        return inside.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { item in
            let ends = item.split(separator: "-", omittingEmptySubsequences: false)
            return (1...2).contains(ends.count) && (ends.allSatisfy(isNumber) || ends.allSatisfy(isLetter))
        }
    }

    private static func isNumber(_ text: Substring) -> Bool {
        (1...9).contains(text.utf8.count)
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isLetter(_ text: Substring) -> Bool {
        text.utf8.count == 1
            && text.utf8.allSatisfy {
                Name.isLetterOrDigit($0) && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }

    private static func items(of inside: Substring) throws(Problem) -> [String] {
        var items: [String] = []
        for part in inside.split(separator: ",") {
            let ends = part.split(separator: "-")
            guard let first = ends.first, let last = ends.last, ends.count == 2 else {
                items.append(String(part))
                continue
            }
            items += try span(first, last)
            guard items.count <= most else {
                throw Problem(message: "\"[\(inside)]\" stands for more than \(most) names")
            }
        }
        return items
    }

    private static func span(_ first: Substring, _ last: Substring) throws(Problem) -> [String] {
        let backwards = Problem(message: "range \"[\(first)-\(last)]\" runs backwards")
        if let low = Int(first), let high = Int(last) {
            guard low <= high else { throw backwards }
            guard high - low < most else {
                throw Problem(message: "\"[\(first)-\(last)]\" stands for more than \(most) names")
            }
            let width = first.hasPrefix("0") ? first.count : 0
            return (low...high).map { number in
                let digits = String(number)
                return String(repeating: "0", count: max(0, width - digits.count)) + digits
            }
        }
        guard let low = first.unicodeScalars.first, let high = last.unicodeScalars.first, low <= high else {
            throw backwards
        }
        return (low.value...high.value).compactMap { Unicode.Scalar($0) }.filter {
            Name.isLetterOrDigit(UInt8($0.value))
        }
        .map(String.init)
    }
}
