internal import CLibvirt
internal import Synchronization

/// A connection to one hypervisor.
///
/// libvirt's calls block, so each connection has a thread of its own that makes them in order; what takes long
/// (migration, transfers) gets a further thread, so that its progress can be asked for meanwhile. Methods may be called
/// from any task. A peer that stops answering is noticed by keep-alive within about 30 s.
public final class HypervisorConnection: Sendable {
    /// Where this is connected to; never another machine than the URI names.
    public let uri: HypervisorURI
    let handle: ConnectionHandle
    let thread: CallThread
    let hub: EventHub
    /// How long connecting could take: the measure of its user's patience.
    public let timeout: Duration
    /// How long a short call may take; keep-alive normally ends a dead one sooner.
    let callTimeout: Duration

    private init(
        uri: HypervisorURI, handle: ConnectionHandle, thread: CallThread, timeout: Duration, callTimeout: Duration
    ) {
        self.uri = uri
        self.handle = handle
        self.thread = thread
        self.hub = EventHub(host: uri.host)
        self.timeout = timeout
        self.callTimeout = callTimeout
    }

    deinit { finish(Reply<Void>()) }

    /// Connects.
    ///
    /// - Parameters:
    ///   - timeout: how long this may take: libvirt itself would wait for as long as TCP does.
    ///   - callTimeout: how long any later short call may take.
    public static func open(
        uri: HypervisorURI, timeout: Duration = .seconds(15), callTimeout: Duration = .seconds(120)
    ) async throws(HypervisorError) -> HypervisorConnection {
        let operation = "connect to \(uri.text)"
        func problem(_ code: HypervisorError.Code, _ message: String) -> HypervisorError {
            HypervisorError(code: code, message: message, operation: operation, host: uri.host)
        }
        guard EventLoop.isRunning, let thread = CallThread() else {
            throw problem(.internalError, "no thread could be started")
        }
        let reply = Reply<ConnectionHandle>()
        _ = thread.run {
            let outcome = opened(uri, operation: operation)
            // Nobody waits any more: the late connection is let go.
            if !reply.give(outcome), case .success(let late) = outcome { late.close() }
        }
        do {
            let handle = try await reply.value(
                deadline: timeout, late: problem(.timedOut, "no connection within \(timeout)"),
                cancelled: problem(.cancelled, "cancelled"))
            return HypervisorConnection(
                uri: uri, handle: handle, thread: thread, timeout: timeout, callTimeout: callTimeout)
        } catch {
            thread.finish {}
            throw error
        }
    }

    /// Connects to a URI as text; see `HypervisorURI.init(_:)`.
    public static func open(
        uri: String, timeout: Duration = .seconds(15)
    ) async throws(HypervisorError) -> HypervisorConnection {
        try await open(uri: HypervisorURI(uri), timeout: timeout)
    }

    private static func opened(_ uri: HypervisorURI, operation: String) -> Result<ConnectionHandle, HypervisorError> {
        // A full URI never matches an alias of the user's libvirt.conf, whose names have no colon.
        guard let pointer = virConnectOpenAuth(uri.text, nil, 0) else {
            return .failure(.last(operation: operation, host: uri.host))
        }
        virConnSetErrorFunc(pointer, nil) { _, _ in }
        // Drivers within this process have no peer, and answer that they do not support it.
        virConnectSetKeepAlive(pointer, 5, 5)
        return .success(ConnectionHandle(pointer))
    }

    /// Ends the connection after the calls that are waiting; event streams end.
    public func close() async {
        let reply = Reply<Void>()
        guard finish(reply) else { return }
        let late = HypervisorError(code: .timedOut, message: "no answer", operation: "close", host: uri.host)
        try? await reply.value(deadline: .seconds(10), late: late)
    }

    /// Hands the closing to the connection's thread, because it talks to the peer.
    @discardableResult
    private func finish(_ reply: Reply<Void>) -> Bool {
        thread.finish { [handle, hub] in
            hub.deregister(from: handle.pointer)
            handle.close()
            reply.give(.success(()))
        }
    }
}

/// The libvirt connection, for closures that run on the connection's threads.
///
/// @unchecked Sendable: libvirt connections may be used by several threads at once, and the pointer never changes; it is
/// closed by the last job of the connection's thread, and then by the last long call.
final class ConnectionHandle: @unchecked Sendable {
    let pointer: virConnectPtr
    private let isClosed = Mutex(false)

    init(_ pointer: virConnectPtr) { self.pointer = pointer }

    /// Takes a reference of its own for a long call, to be given back by virConnectClose; false once it is closed.
    func retain() -> Bool {
        isClosed.withLock { isClosed in !isClosed && virConnectRef(pointer) == 0 }
    }

    /// Talks to the peer.
    func close() {
        isClosed.withLock { $0 = true }
        virConnectClose(pointer)
    }
}

extension HypervisorConnection {
    /// Makes a short call on the connection's thread.
    @discardableResult
    func call<Answer: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (Call) throws(HypervisorError) -> Answer
    ) async throws(HypervisorError) -> Answer {
        let reply = Reply<Answer>()
        let accepted = thread.run { [handle, host = uri.host] in
            reply.give(Self.outcome(Call(connection: handle.pointer, operation: operation, host: host), body))
        }
        guard accepted else { throw problem(.closed, operation, "the connection is closed") }
        let late = problem(.timedOut, operation, "no answer within \(callTimeout); it may still take effect")
        return try await reply.value(deadline: callTimeout, late: late)
    }

    /// Makes a call on a thread of its own: one that may take long, or that must not wait behind another.
    func longCall<Answer: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (Call) throws(HypervisorError) -> Answer
    ) async throws(HypervisorError) -> Answer {
        guard handle.retain() else { throw problem(.closed, operation, "the connection is closed") }
        let reply = Reply<Answer>()
        let noThread = problem(.internalError, operation, "no thread could be started")
        let started = CallThread.detached { [handle, host = uri.host] in
            let outcome = Self.outcome(Call(connection: handle.pointer, operation: operation, host: host), body)
            virConnectClose(handle.pointer)
            reply.give(outcome)
        }
        guard started else {
            // Not the last reference, so it does not talk to the peer.
            virConnectClose(handle.pointer)
            throw noThread
        }
        return try await reply.value(deadline: nil, late: noThread)
    }

    private static func outcome<Answer: Sendable>(
        _ call: Call, _ body: (Call) throws(HypervisorError) -> Answer
    ) -> Result<Answer, HypervisorError> {
        do throws(HypervisorError) {
            return .success(try body(call))
        } catch {
            return .failure(error)
        }
    }

    func problem(_ code: HypervisorError.Code, _ operation: String, _ message: String) -> HypervisorError {
        HypervisorError(code: code, message: message, operation: operation, host: uri.host)
    }
}
