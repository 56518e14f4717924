/// The address of a device on the PCI bus.
public struct PCIAddress: Sendable, Hashable, CustomStringConvertible {
    public var domain: UInt16
    public var bus: UInt8
    public var slot: UInt8
    public var function: UInt8

    /// Nil when the text is not like `0000:3b:02.1`; the first part may be left out.
    public init?(_ text: String) {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 { parts.insert("0", at: 0) }
        let last = parts.last?.split(separator: ".", omittingEmptySubsequences: false) ?? []
        guard parts.count == 3, last.count == 2, let domain = UInt16(parts[0], radix: 16),
            let bus = UInt8(parts[1], radix: 16), let slot = UInt8(last[0], radix: 16), slot < 32,
            let function = UInt8(last[1], radix: 16), function < 8
        else { return nil }
        self.init(domain: domain, bus: bus, slot: slot, function: function)
    }

    private init(domain: UInt16, bus: UInt8, slot: UInt8, function: UInt8) {
        self.domain = domain
        self.bus = bus
        self.slot = slot
        self.function = function
    }

    /// Reads libvirt's element with its attributes `domain`, `bus`, `slot`, `function`.
    init?(_ element: XMLElement) {
        func number(_ name: String) -> UInt16? {
            guard let text = element[attribute: name] else { return 0 }
            return text.hasPrefix("0x") ? UInt16(text.dropFirst(2), radix: 16) : UInt16(text)
        }
        guard let domain = number("domain"), let bus = number("bus").flatMap({ UInt8(exactly: $0) }),
            let slot = number("slot").flatMap({ UInt8(exactly: $0) }),
            let function = number("function").flatMap({ UInt8(exactly: $0) })
        else { return nil }
        self.init(domain: domain, bus: bus, slot: slot, function: function)
    }

    public var description: String {
        "\(Self.padded(domain, 4)):\(Self.padded(bus, 2)):\(Self.padded(slot, 2)).\(String(function, radix: 16))"
    }

    func element(_ name: String, type: String?) -> XMLElement {
        XMLElement(
            name,
            [
                "type": type, "domain": "0x" + Self.padded(domain, 4), "bus": "0x" + Self.padded(bus, 2),
                "slot": "0x" + Self.padded(slot, 2), "function": "0x" + String(function, radix: 16),
            ])
    }

    static func padded(_ number: some BinaryInteger, _ digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
