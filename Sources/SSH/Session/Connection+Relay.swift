import CLibSSH2

extension Connection {
    /// A connection to another host that is made by this one's server, for a session inside this session.
    func relay(to target: String, port: Int, deadline: Deadline) async throws(SSHError) -> Connection {
        let id = try await openStream(to: target, port: port, deadline: deadline)
        let (operations, library) = try live("relaying")
        let link = RelayLink(outer: operations)
        operations.detached("relaying") {
            self.relayStep(id, link, library, operations)
        } failed: { error in
            link.end(.disconnected("the connection to the jump host \(self.host) was lost (\(error.message))"))
        }
        let inner = Connection(loop: loop, host: target)
        await inner.adopt(link, peerAddress: target)
        return inner
    }

    /// Moves what can be moved between the channel and the link.
    private func relayStep(
        _ id: Int, _ link: RelayLink, _ library: LibrarySession, _ operations: Operations
    ) -> Attempt<Void> {
        guard link.loss == nil, let channel = channel(id) else {
            abandon(id)
            link.end(.ended)
            return .done(())
        }
        while !link.outbox.isEmpty, operations.link.isIdle {
            let code = link.outbox.withUnsafeBytes { bytes in
                libssh2_channel_write_ex(
                    channel, 0, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
            }
            guard code > 0 else {
                if code == Int(LibraryError.again) { break }
                return lost(link, code, library, operations)
            }
            link.outbox.removeFirst(code)
        }
        while link.hasRoom {
            var code = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 32_768) { buffer, count in
                let room = UnsafeMutableRawBufferPointer(buffer)
                code = libssh2_channel_read_ex(
                    channel, 0, room.baseAddress?.assumingMemoryBound(to: CChar.self), room.count)
                count = max(0, code)
            }
            guard code > 0 else {
                if code == Int(LibraryError.again) { break }
                return lost(link, code, library, operations)
            }
            link.deliver(bytes)
        }
        return .again
    }

    private func lost(
        _ link: RelayLink, _ code: Int, _ library: LibrarySession, _ operations: Operations
    ) -> Attempt<Void> {
        if case .again = Self.outcome(of: code, library, operations) { return .again }
        link.end(.ended)
        return .again
    }
}
