/// The address of a network interface, written as libvirt does: six lower-case pairs with colons.
public struct MACAddress: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    /// The six bytes.
    public let bytes: [UInt8]

    /// Nil when the text is not a unicast address of six pairs of hexadecimal digits.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { $0.utf8.count == 2 && !$0.hasPrefix("+") ? UInt8($0, radix: 16) : nil }
        guard parts.count == 6, bytes.count == 6, bytes[0] & 1 == 0 else { return nil }
        self.init(bytes)
    }

    /// A new address under QEMU's prefix 52:54:00.
    public static func random() -> MACAddress {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// A new address under QEMU's prefix 52:54:00, from a source of one's own.
    public static func random(using generator: inout some RandomNumberGenerator) -> MACAddress {
        MACAddress([0x52, 0x54, 0x00] + (0..<3).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        description = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
