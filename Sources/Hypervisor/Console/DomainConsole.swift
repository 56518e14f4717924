internal import CLibvirt
internal import Synchronization

/// A domain's serial console: what the guest prints, and what is typed into it, byte for byte, over the connection's own
/// encrypted stream.
///
/// One task may read while another writes. What the guest prints is untrusted. A console whose last reference goes away
/// is closed.
public final class DomainConsole: Sendable {
    private let connection: HypervisorConnection
    private let stream: ConsoleStream
    private let operation: String

    fileprivate init(connection: HypervisorConnection, stream: ConsoleStream, operation: String) {
        self.connection = connection
        self.stream = stream
        self.operation = operation
    }

    deinit {
        let stream = stream
        // Closing talks to the peer; whoever lets go of a console must not wait for that.
        if !stream.isClosed { _ = CallThread.detached { stream.close() } }
    }

    /// What the guest has printed since the last call; nil once the console is closed, by the guest's end or because
    /// another client took it.
    ///
    /// - Throws: what broke the stream; `timedOut` when the guest printed 64 MiB that nobody read; `cancelled`.
    public func read() async throws(HypervisorError) -> [UInt8]? {
        try await stream.read(operation: operation)
    }

    /// Types the bytes.
    ///
    /// - Throws: whatever ended the console.
    public func write(_ bytes: [UInt8]) async throws(HypervisorError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(4096))
            let sent = try await connection.call(operation) { [stream] call throws(HypervisorError) in
                try stream.send(piece, call)
            }
            rest = rest.dropFirst(sent)
            if sent == 0 {
                // The guest does not take it yet.
                guard (try? await Task.sleep(for: .milliseconds(20))) != nil else {
                    throw connection.problem(.cancelled, operation, "cancelled")
                }
            }
        }
    }

    /// Ends it; the guest is not told.
    public func close() async {
        _ = try? await connection.call("close a console") { [stream] _ throws(HypervisorError) -> Void in
            stream.close()
        }
    }
}

extension HypervisorConnection {
    /// Opens the serial console of a running domain.
    ///
    /// - Parameters:
    ///   - device: the alias of a character device; the first console if nil.
    ///   - force: take it away from the client that has it.
    /// - Throws: `operationFailed` when another client has it; `operationInvalid` when the domain is off.
    public func console(
        _ domain: DomainReference, device: String? = nil, force: Bool = false
    ) async throws(HypervisorError) -> DomainConsole {
        let operation = "open the console of \(domain)"
        let host = uri.host
        let stream = try await call(operation) { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                let pointer = try call.require(virStreamNew(call.connection, UInt32(VIR_STREAM_NONBLOCK.rawValue)))
                let stream = ConsoleStream(pointer, host: host)
                let flags = force ? UInt32(VIR_DOMAIN_CONSOLE_FORCE.rawValue) : 0
                try call.check(virDomainOpenConsole(found, device, pointer, flags))
                try stream.listen(call)
                return stream
            }
        }
        return DomainConsole(connection: self, stream: stream, operation: "use the console of \(domain)")
    }
}

/// The stream behind a console: filled by libvirt's event loop, emptied by whoever reads.
///
/// @unchecked Sendable: libvirt locks its streams; `pointer` never changes, is not used any more once `isClosed` is
/// set, and is freed with this object.
private final class ConsoleStream: @unchecked Sendable {
    private struct State: Sendable {
        var waiting: [UInt8] = []
        var end: Result<Void, HypervisorError>?
        var reader: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    /// What may wait to be read: a guest that prints without end must not fill the memory.
    private static let most = 64 << 20
    private static let interest =
        VIR_STREAM_EVENT_READABLE.rawValue | VIR_STREAM_EVENT_HANGUP.rawValue | VIR_STREAM_EVENT_ERROR.rawValue
    private let pointer: virStreamPtr
    private let host: String
    private let state = Mutex(State())

    init(_ pointer: virStreamPtr, host: String) {
        self.pointer = pointer
        self.host = host
    }

    deinit { virStreamFree(pointer) }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Has the event loop tell of what comes in; on the connection's thread.
    func listen(_ call: Call) throws(HypervisorError) {
        let box = Unmanaged.passRetained(self)
        let status = virStreamEventAddCallback(
            pointer, Int32(Self.interest),
            { _, events, opaque in
                guard let opaque else { return }
                Unmanaged<ConsoleStream>.fromOpaque(opaque).takeUnretainedValue().arrived(events)
            }, box.toOpaque(),
            { opaque in
                guard let opaque else { return }
                Unmanaged<ConsoleStream>.fromOpaque(opaque).release()
            })
        guard status < 0 else { return }
        let failure = call.failure()
        box.release()
        throw failure
    }

    /// On the event loop's thread, which must not be held up: takes what is there.
    private func arrived(_ events: Int32) {
        let (reader, isOver) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
            guard !state.isClosed, state.end == nil else { return (nil, false) }
            take(into: &state)
            let hasHungUp = UInt32(bitPattern: events) & ~VIR_STREAM_EVENT_READABLE.rawValue != 0
            if hasHungUp, state.end == nil { state.end = .success(()) }
            defer { state.reader = nil }
            return (state.reader, state.end != nil)
        }
        reader?.resume()
        // An ended stream stays readable for ever.
        if isOver { virStreamEventRemoveCallback(pointer) }
    }

    private func take(into state: inout State) {
        while state.end == nil {
            var count: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, taken in
                let room = UnsafeMutableRawBufferPointer(buffer)
                count = virStreamRecv(pointer, room.baseAddress?.assumingMemoryBound(to: CChar.self), room.count)
                taken = Int(max(0, count))
            }
            switch count {
            case -2: return
            case 0: state.end = .success(())
            case ..<0: state.end = .failure(.last(operation: "read the console", host: host))
            default: state.waiting += bytes
            }
            if state.waiting.count > Self.most {
                state.end = .failure(
                    HypervisorError(
                        code: .timedOut, message: "the guest prints faster than anybody reads",
                        operation: "read the console", host: host))
            }
        }
    }

    func read(operation: String) async throws(HypervisorError) -> [UInt8]? {
        while true {
            let (bytes, end) = state.withLock { state -> ([UInt8], Result<Void, HypervisorError>?) in
                defer { state.waiting = [] }
                return (state.waiting, state.isClosed ? .success(()) : state.end)
            }
            if !bytes.isEmpty { return bytes }
            if let end {
                try end.get()
                return nil
            }
            await news()
            if Task.isCancelled {
                throw HypervisorError(code: .cancelled, message: "cancelled", operation: operation, host: host)
            }
        }
    }

    /// Waits until something changed, or the task is cancelled.
    private func news() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let old = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    let isIdle = state.waiting.isEmpty && state.end == nil && !state.isClosed && !Task.isCancelled
                    guard isIdle else { return continuation }
                    defer { state.reader = continuation }
                    return state.reader
                }
                old?.resume()
            }
        } onCancel: {
            wake()
        }
    }

    private func wake() {
        let reader = state.withLock { state in
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    /// How many bytes were taken: none when there is no room now. On the connection's thread.
    func send(_ bytes: [UInt8], _ call: Call) throws(HypervisorError) -> Int {
        guard state.withLock({ !$0.isClosed && $0.end == nil }) else {
            throw call.failure(.closed, "the console is closed")
        }
        let count = bytes.withUnsafeBytes { buffer in
            virStreamSend(pointer, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return count == -2 ? 0 : Int(try call.check(count))
    }

    /// Ends the stream; on a thread that may block.
    func close() {
        let end = state.withLock { state -> Result<Void, HypervisorError>?? in
            guard !state.isClosed else { return nil }
            state.isClosed = true
            return .some(state.end)
        }
        wake()
        guard let end else { return }
        if end == nil { virStreamEventRemoveCallback(pointer) }
        if case .success = end { virStreamFinish(pointer) } else { virStreamAbort(pointer) }
    }
}
