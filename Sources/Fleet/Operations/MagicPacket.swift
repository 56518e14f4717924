internal import Glibc
internal import Hypervisor
internal import Values

/// Wake-on-LAN: six bytes of 255 and sixteen times a MAC address, in any frame on the sleeper's link.
struct MagicPacket: Sendable, Hashable {
    let bytes: [UInt8]

    init(_ address: MACAddress) {
        bytes = [UInt8](repeating: 255, count: 6) + (0..<16).flatMap { _ in address.bytes }
    }

    /// Broadcasts it on every link of this machine.
    /// - Returns: how many links took it.
    func broadcast() throws(Diagnostics) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure() }
        defer { close(descriptor) }
        var one: Int32 = 1
        guard setsockopt(descriptor, SOL_SOCKET, SO_BROADCAST, &one, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw Self.failure()
        }
        return Self.broadcastAddresses().reduce(into: 0) { count, address in
            var target = address
            target.sin_port = UInt16(9).bigEndian
            let sent = withUnsafePointer(to: &target) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if sent == bytes.count { count += 1 }
        }
    }

    private static func failure() -> Diagnostics {
        Diagnostics(.error("cannot broadcast from this machine: \(String(cString: strerror(errno)))"))
    }

    private static func broadcastAddresses() -> [sockaddr_in] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [sockaddr_in] = []
        var next = list
        while let link = next?.pointee {
            next = link.ifa_next
            let wanted = UInt32(IFF_BROADCAST) | UInt32(IFF_UP)
            guard link.ifa_flags & wanted == wanted, let address = link.ifa_ifu.ifu_broadaddr,
                address.pointee.sa_family == sa_family_t(AF_INET)
            else { continue }
            found.append(address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee })
        }
        return found
    }
}
