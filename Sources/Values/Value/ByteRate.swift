/// An amount of data in a second.
public struct ByteRate: Sendable, Hashable, CustomStringConvertible {
    public let bytesPerSecond: Int

    public init(bytesPerSecond: Int) { self.bytesPerSecond = bytesPerSecond }

    /// Reads `80MiB/s`, `80M`, `1.5G/s` (binary), `100MB/s` (decimal) and `1Gbit/s` or `1Gbps` (decimal bits); a bare number
    /// is MiB a second. Nil for anything else.
    public init?(_ text: String) {
        var amount = text.lowercased()[...]
        let isPerSecond = amount.hasSuffix("/s")
        if isPerSecond { amount = amount.dropLast(2) }
        amount = amount.drop { $0 == " " }
        while amount.last == " " { amount = amount.dropLast() }
        for ending in ["bit", "bps"] where amount.hasSuffix(ending) {
            // Bits a second: `bps` says so itself.
            guard isPerSecond == (ending == "bit"), let bits = Self.decimal(amount.dropLast(3)) else { return nil }
            bytesPerSecond = bits / 8
            return
        }
        if amount.hasSuffix("b"), !amount.hasSuffix("ib") {
            guard let bytes = Self.decimal(amount.dropLast()) else { return nil }
            bytesPerSecond = bytes
        } else {
            guard let size = ByteSize(String(amount)) else { return nil }
            bytesPerSecond = size.bytes
        }
    }

    private static func decimal(_ text: Substring) -> Int? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        guard let factor = ["k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12][String(unit)], number.first?.isNumber == true,
            number.last?.isNumber == true, let value = Double(number)
        else { return nil }
        return Int(exactly: (value * factor).rounded())
    }

    /// `80MiB/s`, in the largest binary unit that says it exactly; odd bytes are rounded up to KiB.
    public var description: String { "\(ByteSize(bytes: bytesPerSecond))iB/s" }
}
