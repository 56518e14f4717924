/// An amount of memory or disk.
public struct ByteSize: Sendable, Hashable, CustomStringConvertible {
    public let bytes: Int

    public init(bytes: Int) { self.bytes = bytes }
    public init(mebibytes: Int) { bytes = mebibytes << 20 }

    /// Reads `2G`, `512M`, `1.5T`, `64KiB` (all binary); a bare number is MiB. Nil for anything else, for less than one
    /// byte's share of a fraction, and for what does not fit.
    public init?(_ text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = text.dropFirst(number.count).drop { $0 == " " }.uppercased()
        if unit.hasSuffix("IB"), unit.count == 3 { unit.removeLast(2) }
        let shifts = ["": 20, "K": 10, "M": 20, "G": 30, "T": 40]
        guard let shift = shifts[unit] else { return nil }
        if let whole = Int(number) {
            let (result, overflow) = whole.multipliedReportingOverflow(by: 1 << shift)
            guard !overflow else { return nil }
            bytes = result
        } else {
            guard number.first?.isNumber == true, number.last?.isNumber == true, let value = Double(number),
                let result = Int(exactly: (value * Double(1 << shift)).rounded())
            else { return nil }
            bytes = result
        }
    }

    /// Reads the size from a value of a file.
    /// - Throws: a diagnostic that says what was found there.
    public init(_ value: Value) throws(Diagnostic) {
        guard let text = value.scalarText, value.bool == nil, let size = ByteSize(text) else {
            throw .error(
                "bad size: \(value.scalarText.map { "\"\($0)\"" } ?? value.kindName)",
                hint: "write a number with K, M, G or T, such as \"2G\"; a bare number is MiB", mark: value.mark)
        }
        self = size
    }

    /// In MiB, rounded up.
    public var mebibytes: Int { bytes >> 20 + (bytes & 0xFFFFF == 0 ? 0 : 1) }

    /// The shortest exact form: `2G`, `512M`, `3K`; odd bytes are rounded up to K.
    public var description: String {
        for (shift, unit) in [(40, "T"), (30, "G"), (20, "M")] where bytes != 0 && bytes & (1 << shift - 1) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\((bytes + 1023) >> 10)K"
    }
}
