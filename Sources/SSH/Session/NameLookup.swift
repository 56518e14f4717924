import Glibc

/// The address of a socket, as the kernel takes it.
struct SocketAddress: Sendable, Hashable {
    let family: Int32
    let bytes: [UInt8]

    /// The numeric host, for messages and for comparing with facts.
    var host: String {
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = withPointer { getnameinfo($0, $1, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) }
        guard result == 0 else { return "an unprintable address" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        // Room for any family, so that the pointer is aligned and nothing is read past the end.
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes.prefix($0.count)) }
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(bytes.count)) }
        }
    }

    /// The address of a Unix socket; nil if the path is too long for one.
    static func unix(_ path: String) -> SocketAddress? {
        var address = sockaddr_un()
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return SocketAddress(family: AF_UNIX, bytes: withUnsafeBytes(of: &address) { Array($0) })
    }
}

/// Host names to addresses. `getaddrinfo` blocks, so names go to a thread of their own; literal addresses do not.
enum NameLookup {
    static func addresses(of host: String, port: Int, deadline: Deadline) async throws(SSHError) -> [SocketAddress] {
        guard (1...65535).contains(port) else {
            throw SSHError(.invalidRequest, "\(port) is no port number", host: host)
        }
        guard !host.isEmpty, !host.utf8.contains(0) else {
            throw SSHError(.invalidRequest, "'\(host)' is no host name", host: host)
        }
        if case .success(let literal) = resolve(host, port, flags: AI_NUMERICHOST) { return literal }
        let answer = await bounded(deadline) {
            await OwnThread.value { resolve(host, port, flags: 0) }
        }
        guard let answer else {
            if Task.isCancelled { throw SSHError(.cancelled, "cancelled while looking up '\(host)'", host: host) }
            throw SSHError(.timeout, "timed out looking up the name '\(host)'", host: host)
        }
        return try answer.get()
    }

    /// The value, or nil when the deadline comes first.
    private static func bounded<Value: Sendable>(
        _ deadline: Deadline, _ body: @escaping @Sendable () async -> Value?
    ) async -> Value? {
        guard case .at(let instant, _) = deadline else { return await body() }
        return await withTaskGroup(of: Value?.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try? await Task.sleep(until: instant, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private static func resolve(_ host: String, _ port: Int, flags: Int32) -> Result<[SocketAddress], SSHError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard result == 0 else {
            let text = gai_strerror(result).map { String(cString: $0) } ?? "error \(result)"
            return .failure(
                SSHError(
                    .unreachable, "cannot find the address of '\(host)': \(text)",
                    hint: "give the host an 'address' in the inventory, or check the name", host: host))
        }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            let bytes = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            addresses.append(SocketAddress(family: entry.ai_family, bytes: Array(bytes)))
            next = entry.ai_next
        }
        return .success(addresses)
    }
}
