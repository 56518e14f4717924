package import Modules
internal import Values

/// The controller's end of the receiver: one exec channel over which scripts and files go out and records come back.
///
/// One task at a time talks over it. Frames go out before their answers are read, so that several need one round trip.
package actor RunChannel {
    /// The private directory of this run on the host.
    package nonisolated let directory: String
    /// What the controller and the host agreed on to tell records from noise.
    package nonisolated let nonce: String
    nonisolated let hostName: String
    private let channel: any HostChannel
    private var reader: RecordReader
    private var waiting: [Record] = []
    private var complaint: [UInt8] = []

    /// Starts the receiver on a host.
    /// - Throws: ``HostProblem``, kind `failed`, when the host's answer is not the receiver's.
    package static func open(on connection: any HostConnection, host: String) async throws(HostProblem) -> RunChannel {
        let nonce = Nonce.make()
        let channel = try await connection.open(Receiver.command(nonce: nonce))
        var reader = RecordReader(nonce: nonce)
        var noise: [UInt8] = []
        while let chunk = try await channel.read() {
            guard case .output(let bytes) = chunk else {
                if case .error(let bytes) = chunk { noise.append(contentsOf: bytes.prefix(max(0, 4096 - noise.count))) }
                continue
            }
            for record in reader.feed(bytes) {
                switch record {
                case .ready(let directory, _, _):
                    return RunChannel(directory: directory, nonce: nonce, host: host, channel: channel, reader: reader)
                case .garbage(let bytes): noise.append(contentsOf: bytes.prefix(max(0, 4096 - noise.count)))
                case .failed(let why): throw refused(host, why)
                default: continue
                }
            }
        }
        for case .garbage(let bytes) in reader.finish() { noise.append(contentsOf: bytes) }
        throw refused(host, noise.isEmpty ? "it said nothing" : String(decoding: noise, as: UTF8.self))
    }

    private static func refused(_ host: String, _ said: String) -> HostProblem {
        HostProblem(
            .failed,
            .error(
                "the host did not start a run", detail: said,
                hint: "the account needs a POSIX /bin/sh and may not be restricted to one command", host: host))
    }

    private init(directory: String, nonce: String, host: String, channel: any HostChannel, reader: RecordReader) {
        self.directory = directory
        self.nonce = nonce
        hostName = host
        self.channel = channel
        self.reader = reader
    }

    /// Stores bytes in the run's directory.
    package func put(_ name: String, _ bytes: [UInt8]) async throws(HostProblem) {
        try await channel.write(Receiver.put(name, bytes))
    }

    /// Runs a stored script to its end and gives what it printed (bounded) and its exit code.
    package func exec(_ name: String) async throws(HostProblem) -> (output: [UInt8], code: Int) {
        try await channel.write(Receiver.exec(name))
        while true {
            switch try await next() {
            case .exited(name, let code, let output): return (output, code ?? 255)
            case .failed(let why): throw problem(.failed, why)
            default: continue
            }
        }
    }

    /// Starts a stored program detached from the connection and gives each record until it has ended.
    /// - Returns: its exit code; nil when the host does not know how it ended.
    package func start(
        _ name: String, record: (Record) async throws(HostProblem) -> Void
    ) async throws(HostProblem) -> Int? {
        try await channel.write(Receiver.start(name))
        while true {
            let next = try await next()
            switch next {
            case .ended(let code): return code
            case .failed(let why): throw problem(.failed, why)
            default: try await record(next)
            }
        }
    }

    /// Ends the receiver, which removes the run's directory.
    package func bye() async {
        try? await channel.write(Receiver.bye)
        try? await channel.finishWriting()
        while let chunk = try? await channel.read() { _ = chunk }
        await channel.close()
    }

    /// Lets go of the channel; a program that was started goes on.
    package func close() async { await channel.close() }

    private func next() async throws(HostProblem) -> Record {
        while waiting.isEmpty {
            switch try await channel.read() {
            case .output(let bytes): waiting = reader.feed(bytes)
            case .error(let bytes): complaint.append(contentsOf: bytes.prefix(max(0, 4096 - complaint.count)))
            case nil:
                let said = complaint.isEmpty ? nil : String(decoding: complaint, as: UTF8.self)
                throw problem(.lost, "the connection ended during the run", detail: said)
            }
        }
        return waiting.removeFirst()
    }

    private func problem(_ kind: HostProblem.Kind, _ summary: String, detail: String? = nil) -> HostProblem {
        HostProblem(kind, .error(summary, detail: detail, host: hostName))
    }
}
