import CLibSSH2

extension Connection {
    /// A connection to another host that is made by this one's server, for a session inside this session.
    func relay(to target: String, port: Int, deadline: Deadline) async throws(SSHError) -> Connection {
        guard (1...65535).contains(port), !target.isEmpty, !target.utf8.contains(0) else {
            throw SSHError(.invalidRequest, "'\(target)' port \(port) is no address", host: target)
        }
        let id: Int
        do {
            id = try await openChannel("connecting to \(target) through \(host)", deadline: deadline) { session in
                libssh2_channel_direct_tcpip_ex(session, target, Int32(port), "127.0.0.1", 0)
            }
        } catch  where error.code == .refused {
            throw SSHError(
                .unreachable,
                "the jump host \(host) cannot connect to port \(port): \(error.libraryMessage ?? "refused")",
                hint: "see that the host runs, and that the jump host's sshd allows TCP forwarding", host: target)
        }
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
