import CLibSSH2

extension Connection {
    /// Room for output that nobody has read yet, for each channel.
    private static let window: UInt32 = 2 << 20
    private static let packet: UInt32 = 32_768

    func authenticate(_ destination: SSHDestination, _ credentials: SSHCredentials) async throws(SSHError) {
        var authentication = Authentication(destination, credentials, self)
        try await authentication.run(isolation: self)
    }

    /// Opens a channel and starts a command on it.
    func exec(_ command: String, deadline: Deadline) async throws(SSHError) -> Int {
        let type = "session"
        let id = try await openChannel("opening a channel", deadline: deadline) { session in
            libssh2_channel_open_ex(session, type, UInt32(type.utf8.count), Self.window, Self.packet, nil, 0)
        }
        do throws(SSHError) {
            let (operations, library) = try live("starting a command")
            let code = try await operations.run(
                "starting a command", deadline: deadline, orphaned: { (_: Int) in self.abandon(id) }
            ) {
                self.tryStarting(command, channel: id, library, operations)
            }
            guard code == 0 else {
                // Only a denial is the server's answer; whatever else keeps the answer from coming is a lost connection.
                let isDenied = library.lastError.code == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED
                throw isDenied
                    ? library.error(.refused, "the server refused to run a command")
                    : library.error(.connectionLost, "connection lost while starting a command")
            }
            return id
        } catch {
            // One whose request is under way is seen through first, and abandoned then.
            if startingChannel != id { abandon(id) }
            throw error.at(host)
        }
    }

    /// One request at a time: libssh2 takes the answer to another channel's for a failure of the one that it waits for.
    private func tryStarting(
        _ command: String, channel id: Int, _ library: LibrarySession, _ operations: Operations
    ) -> Attempt<Int> {
        guard startingChannel == nil || startingChannel == id else { return .again }
        guard let channel = channel(id) else {
            if startingChannel == id { startingChannel = nil }
            operations.retry()
            return .failed(SSHError(.closed, "the channel was closed while starting a command"))
        }
        startingChannel = id
        let request = "exec"
        let code = libssh2_channel_process_startup(
            channel, request, UInt32(request.utf8.count), command, UInt32(command.utf8.count))
        let outcome = Self.outcome(of: Int(code), library, operations)
        if case .again = outcome { return .again }
        startingChannel = nil
        operations.retry()
        return outcome
    }

    /// Sends some of the bytes: as many as one packet and the window take.
    func write(_ bytes: ArraySlice<UInt8>, channel id: Int, deadline: Deadline) async throws(SSHError) -> Int {
        try await attempt("sending input", channel: id, deadline: deadline) { channel, library, operations in
            // What the socket has not taken yet comes first; see `Link`.
            guard operations.link.isIdle else { return .again }
            let code = bytes.withUnsafeBytes { bytes in
                libssh2_channel_write_ex(
                    channel, 0, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
            }
            switch Int32(clamping: code) {
            case LIBSSH2_ERROR_CHANNEL_CLOSED, LIBSSH2_ERROR_CHANNEL_EOF_SENT:
                return .failed(SSHError(.closed, "input was sent after its end"))
            default:
                if code > 0 { return .done(code) }
                if libssh2_channel_eof(channel) == 1 {
                    return .failed(SSHError(.closed, "the command has ended and takes no more input"))
                }
                if code == 0 { return .again }
                if case .again = Self.outcome(of: code, library, operations) { return .again }
                return .failed(library.error(.protocolError, "cannot send input"))
            }
        }
    }

    /// Whatever output is there, of either stream; nil at the end of both.
    func read(channel id: Int, deadline: Deadline) async throws(SSHError) -> ChannelEvent? {
        try await attempt("reading output", channel: id, deadline: deadline) { channel, library, operations in
            for stream in [Int32(0), SSH_EXTENDED_DATA_STDERR] {
                var code = 0
                let bytes = [UInt8](unsafeUninitializedCapacity: Int(Self.packet)) { buffer, count in
                    let room = UnsafeMutableRawBufferPointer(buffer)
                    code = libssh2_channel_read_ex(
                        channel, stream, room.baseAddress?.assumingMemoryBound(to: CChar.self), room.count)
                    count = max(0, code)
                }
                if code > 0 { return .done(stream == 0 ? .output(bytes) : .error(bytes)) }
                if code < 0, code != Int(LibraryError.again) {
                    if case .again = Self.outcome(of: code, library, operations) { return .again }
                    return .failed(library.error(.protocolError, "cannot read output"))
                }
            }
            return libssh2_channel_eof(channel) == 1 ? .done(nil) : .again
        }
    }

    /// How the command ended, once the server has closed the channel.
    func exitStatus(channel id: Int, deadline: Deadline) async throws(SSHError) -> ExitStatus {
        try await attempt("waiting for the command to end", channel: id, deadline: deadline) {
            channel, library, operations in
            let code = Int(libssh2_channel_wait_closed(channel))
            if case .again = Self.outcome(of: code, library, operations) { return .again }
            var name: UnsafeMutablePointer<CChar>?
            libssh2_channel_get_exit_signal(channel, &name, nil, nil, nil, nil, nil)
            if let name {
                defer { libssh2_free(library.pointer, name) }
                return .done(.signalled(String(cString: name)))
            }
            return .done(.exited(libssh2_channel_get_exit_status(channel)))
        }
    }
}

extension Connection {
    func sendEOF(channel id: Int) async throws(SSHError) {
        let code = try await call("ending input", channel: id) { Int(libssh2_channel_send_eof($0)) }
        guard code == 0 else {
            throw library?.error(.protocolError, "cannot end the input").at(host) ?? closedError("ending input")
        }
    }
}
