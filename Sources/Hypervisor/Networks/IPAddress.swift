internal import Glibc

/// An IPv4 or IPv6 address, written in its one canonical form.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four or sixteen.
    public let bytes: [UInt8]
    public let description: String

    /// Nil when the text is no address.
    public init?(_ text: String) {
        let family = text.utf8.contains(UInt8(ascii: ":")) ? AF_INET6 : AF_INET
        var bytes = [UInt8](repeating: 0, count: family == AF_INET6 ? 16 : 4)
        guard inet_pton(family, text, &bytes) == 1 else { return nil }
        self.init(bytes: bytes)
    }

    /// Nil unless there are four or sixteen bytes.
    public init?(bytes: [UInt8]) {
        guard [4, 16].contains(bytes.count) else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 16 ? AF_INET6 : AF_INET
        guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return nil }
        self.bytes = bytes
        description = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    public var isIPv6: Bool { bytes.count == 16 }

    /// The first address of this one's network: the address itself where the prefix leaves no bits to hosts.
    public func network(prefix: Int) -> IPAddress? {
        var masked = bytes
        for index in masked.indices {
            let bits = min(8, max(0, prefix - index * 8))
            masked[index] &= bits == 0 ? 0 : UInt8(truncatingIfNeeded: 0xFF << (8 - bits))
        }
        return IPAddress(bytes: masked)
    }

    /// The address that is `count` above this one; nil beyond the last.
    public func advanced(by count: Int) -> IPAddress? {
        var sum = bytes
        var carry = count
        for index in sum.indices.reversed() where carry > 0 {
            carry += Int(sum[index])
            sum[index] = UInt8(carry & 0xFF)
            carry >>= 8
        }
        return carry == 0 ? IPAddress(bytes: sum) : nil
    }

    /// How many leading bits a netmask such as `255.255.255.0` has; nil for another address.
    public static func prefix(ofNetmask text: String) -> Int? {
        guard let mask = IPAddress(text) else { return nil }
        let count = mask.bytes.reduce(0) { $0 + $1.nonzeroBitCount }
        let all = IPAddress(bytes: [UInt8](repeating: 0xFF, count: mask.bytes.count))
        return all?.network(prefix: count) == mask ? count : nil
    }
}
