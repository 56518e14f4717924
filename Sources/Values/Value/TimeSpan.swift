/// A length of time as people write it.
public struct TimeSpan: Sendable, Hashable, CustomStringConvertible {
    /// What a bare number counts.
    public enum Unit: Int, Sendable, CaseIterable {
        case milliseconds = 1
        case seconds = 1000
    }

    public let milliseconds: Int

    public init(milliseconds: Int) { self.milliseconds = milliseconds }
    public init(seconds: Int) { milliseconds = seconds * 1000 }

    private static let units = ["ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000]

    /// Reads `500ms`, `2s`, `1.5s`, `20m`, `1h30m`, `1d`; a bare number counts `bare`. Nil for anything else, for what is
    /// negative, and for what does not fit.
    public init?(_ text: String, bare: Unit) {
        if let number = Int(text), text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
            let (result, overflow) = number.multipliedReportingOverflow(by: bare.rawValue)
            guard !overflow else { return nil }
            milliseconds = result
            return
        }
        var rest = text.lowercased()[...]
        var sum = 0
        var last = Int.max
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count).drop { $0 == " " }
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count).drop { $0 == " " }
            guard let unit = Self.units[String(name)], unit < last, number.first?.isNumber == true,
                number.last?.isNumber == true, let value = Double(number),
                let part = Int(exactly: (value * Double(unit)).rounded())
            else { return nil }
            let (result, overflow) = sum.addingReportingOverflow(part)
            guard !overflow else { return nil }
            sum = result
            last = unit
        }
        guard last != Int.max else { return nil }
        milliseconds = sum
    }

    /// Whole seconds, rounded up.
    public var seconds: Int { milliseconds / 1000 + (milliseconds % 1000 == 0 ? 0 : 1) }

    /// `1h30m`, `90s` as `1m30s`, `1500ms`.
    public var description: String {
        guard milliseconds != 0 else { return "0s" }
        guard milliseconds % 1000 == 0 else { return "\(milliseconds)ms" }
        var rest = milliseconds
        var text = ""
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] where rest >= size {
            text += "\(rest / size)\(unit)"
            rest %= size
        }
        return text
    }
}
