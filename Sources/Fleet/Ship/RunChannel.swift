package import Inventory
internal import Modules
package import Values

/// The controller's end of the receiver: one exec channel over which scripts and files go out and records come back.
///
/// One task at a time talks over it. Frames go out before their answers are read, so that several need one round trip.
package actor RunChannel {
    /// The private directory of this run on the host.
    package nonisolated let directory: String
    /// What the controller and the host agreed on to tell records from noise.
    package nonisolated let nonce: String
    private let hostName: String
    private let channel: any HostChannel
    private var lines: LineBuffer
    private var complaint: [UInt8] = []

    /// Starts the receiver on a host.
    /// - Throws: ``HostProblem``, kind `failed`, when the host's answer is not the receiver's.
    package static func open(
        on connection: any HostConnection, host: String
    ) async throws(HostProblem) -> RunChannel {
        let nonce = Nonce.make()
        let channel = try await connection.open(Receiver.command(nonce: nonce))
        var lines = LineBuffer(nonce: nonce)
        var complaint: [UInt8] = []
        while true {
            while let record = lines.nextRecord() {
                if record.first == "ready", record.count >= 3 {
                    return RunChannel(
                        directory: record[2], nonce: nonce, host: host, channel: channel, lines: lines)
                }
                throw refused(host, record.dropFirst().joined(separator: " "))
            }
            switch try await channel.read() {
            case .output(let bytes): lines.append(bytes)
            case .error(let bytes): complaint.append(contentsOf: bytes.prefix(max(0, 4096 - complaint.count)))
            case nil:
                let said = String(decoding: complaint.isEmpty ? lines.noise : complaint, as: UTF8.self)
                throw refused(host, said.isEmpty ? "it said nothing" : said)
            }
        }
    }

    private static func refused(_ host: String, _ said: String) -> HostProblem {
        HostProblem(
            .failed,
            .error(
                "the host did not start a run", detail: said,
                hint: "the account needs a POSIX /bin/sh and may not be restricted to one command", host: host))
    }

    private init(directory: String, nonce: String, host: String, channel: any HostChannel, lines: LineBuffer) {
        self.directory = directory
        self.nonce = nonce
        hostName = host
        self.channel = channel
        self.lines = lines
    }

    /// The run's name under the host's run folder, by which it can be attached to again.
    package nonisolated var runName: String { DiskPath.lastComponent(directory) }

    /// Stores bytes in the run's directory.
    package func put(_ name: String, _ bytes: [UInt8]) async throws(HostProblem) {
        try await channel.write(Receiver.put(name, bytes.count) + bytes)
    }

    /// Runs a stored script to its end and gives what it printed, at most `limit` bytes.
    package func exec(_ name: String, limit: Int = 4 << 20) async throws(HostProblem) -> (output: [UInt8], code: Int32) {
        try await channel.write(Receiver.exec(name))
        try await expect("begin")
        let marker = "exit\t\(name)\t"
        while true {
            if let (output, code) = lines.takeOutput(until: marker) { return (output, Int32(code) ?? 255) }
            guard lines.count <= limit else {
                throw problem(.failed, "printed more than \(limit) bytes", hint: nil)
            }
            try await receive()
        }
    }

    /// Starts a stored program detached from the connection and gives each of its records until it has ended.
    /// - Returns: its exit code; nil when the host does not know how it ended.
    package func start(
        _ name: String, record: (_ fields: [String]) async throws(HostProblem) -> Void
    ) async throws(HostProblem) -> Int32? {
        try await channel.write(Receiver.start(name))
        while true {
            while let fields = lines.nextRecord() {
                switch fields.first {
                case "begin", "beat": continue
                case "ended": return fields.count > 1 ? Int32(fields[1]) : nil
                case "fail": throw problem(.failed, fields.dropFirst().joined(separator: " "), hint: nil)
                default: try await record(fields)
                }
            }
            try await receive()
        }
    }

    /// Starts a program that lives on by itself: nothing of it is waited for.
    package func startDetached(_ name: String) async throws(HostProblem) {
        try await channel.write(Receiver.start(name))
        try await expect("begin")
        await channel.close()
    }

    /// Ends the receiver, which removes the run's directory.
    package func bye() async {
        try? await channel.write(Receiver.bye)
        try? await channel.finishWriting()
        while let next = try? await channel.read() { _ = next }
        await channel.close()
    }

    /// Lets go of the channel; a program that was started goes on.
    package func close() async { await channel.close() }

    private func expect(_ verb: String) async throws(HostProblem) {
        while true {
            if let record = lines.nextRecord() {
                if record.first == verb { return }
                throw problem(.failed, record.dropFirst().joined(separator: " "), hint: nil)
            }
            try await receive()
        }
    }

    private func receive() async throws(HostProblem) {
        switch try await channel.read() {
        case .output(let bytes): lines.append(bytes)
        case .error(let bytes): complaint.append(contentsOf: bytes.prefix(max(0, 4096 - complaint.count)))
        case nil:
            throw problem(
                .lost, "the connection ended during the run",
                hint: complaint.isEmpty ? nil : String(decoding: complaint, as: UTF8.self))
        }
    }

    private func problem(_ kind: HostProblem.Kind, _ summary: String, hint: String?) -> HostProblem {
        HostProblem(kind, .error(summary, hint: hint, host: hostName))
    }
}
