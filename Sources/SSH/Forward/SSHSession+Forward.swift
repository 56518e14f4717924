import CLibSSH2

extension SSHSession {
    /// Opens a stream to a port as the server reaches it: what `ssh -W` does.
    ///
    /// - Parameters:
    ///   - target: a name or address, looked up over there.
    ///   - timeout: Seconds for the server's own attempt; nil for no limit.
    /// - Returns: a channel whose output is what the port sends; its exit status means nothing.
    /// - Throws: unreachable when the server cannot or will not connect there.
    public func stream(to target: String, port: Int, timeout: Double? = nil) async throws(SSHError) -> SSHChannel {
        let id = try await connection.openStream(to: target, port: port, deadline: .seconds(timeout))
        return SSHChannel(connection: connection, id: id, session: self)
    }
}

extension Connection {
    /// A channel to a port that the server connects to.
    func openStream(to target: String, port: Int, deadline: Deadline) async throws(SSHError) -> Int {
        guard (1...65535).contains(port), !target.isEmpty, !target.utf8.contains(0) else {
            throw SSHError(.invalidRequest, "'\(target)' port \(port) is no address", host: target)
        }
        do {
            return try await openChannel("connecting to \(target) through \(host)", deadline: deadline) { session in
                libssh2_channel_direct_tcpip_ex(session, target, Int32(port), "127.0.0.1", 0)
            }
        } catch  where error.code == .refused {
            throw SSHError(
                .unreachable,
                "the jump host \(host) cannot connect to port \(port): \(error.libraryMessage ?? "refused")",
                hint: "see that the host runs, and that the jump host's sshd allows TCP forwarding", host: target)
        }
    }
}
