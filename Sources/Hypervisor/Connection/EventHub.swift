internal import CLibvirt
internal import Synchronization

/// One connection's events, given to all who listen. libvirt calls it on the event loop's thread.
final class EventHub: Sendable {
    private struct State: Sendable {
        var listeners: [Int: AsyncStream<DomainEvent>.Continuation] = [:]
        var nextListener = 0
        var registrations: [Int32] = []
        var isClosed = false
    }

    let host: String
    private let state = Mutex(State())

    init(host: String) { self.host = host }

    /// A stream that ends with the connection. Only what comes after this call is in it.
    func listen() -> AsyncStream<DomainEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: DomainEvent.self, bufferingPolicy: .bufferingNewest(4096))
        let number = state.withLock { state -> Int? in
            guard !state.isClosed else { return nil }
            state.nextListener += 1
            state.listeners[state.nextListener] = continuation
            return state.nextListener
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[number] = nil }
        }
        return stream
    }

    func tell(_ event: DomainEvent) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield(event) }
    }

    /// Ends all streams.
    func close() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.isClosed = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }

    /// Asks libvirt for the events, once for a connection; on the connection's thread.
    func register(_ call: Call) throws(HypervisorError) {
        guard state.withLock({ $0.registrations.isEmpty }) else { return }
        let lifecycle: virConnectDomainEventCallback = { _, domain, event, detail, opaque in
            let time = EventLoop.now()
            EventHub.of(opaque)?.tell(domain, .lifecycle(Lifecycle(event: event, detail: detail)), time)
            return 0
        }
        let jobCompleted: virConnectDomainEventJobCompletedCallback = { _, domain, parameters, count, opaque in
            let time = EventLoop.now()
            let progress = JobProgress(TypedParameters(borrowing: parameters, count: count), type: nil)
            EventHub.of(opaque)?.tell(domain, .jobCompleted(progress), time)
        }
        let iteration: virConnectDomainEventMigrationIterationCallback = { _, domain, iteration, opaque in
            let time = EventLoop.now()
            EventHub.of(opaque)?.tell(domain, .migrationIteration(Int(iteration)), time)
        }
        let rebooted: virConnectDomainEventGenericCallback = { _, domain, opaque in
            let time = EventLoop.now()
            EventHub.of(opaque)?.tell(domain, .rebooted, time)
        }
        try add(VIR_DOMAIN_EVENT_ID_REBOOT, unsafeBitCast(rebooted, to: Callback.self), to: call, required: false)
        try add(VIR_DOMAIN_EVENT_ID_LIFECYCLE, unsafeBitCast(lifecycle, to: Callback.self), to: call, required: true)
        try add(
            VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, unsafeBitCast(jobCompleted, to: Callback.self), to: call, required: false
        )
        try add(
            VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, unsafeBitCast(iteration, to: Callback.self), to: call,
            required: false)
        registerClose(call)
    }

    private typealias Callback = @convention(c) (virConnectPtr?, virDomainPtr?, UnsafeMutableRawPointer?) -> Void

    private func add(
        _ event: virDomainEventID, _ callback: Callback, to call: Call, required: Bool
    ) throws(HypervisorError) {
        let box = Unmanaged.passRetained(self).toOpaque()
        let number = virConnectDomainEventRegisterAny(
            call.connection, nil, Int32(event.rawValue), callback, box, EventHub.release)
        guard number >= 0 else {
            let failure = call.failure()
            EventHub.release(box)
            if required { throw failure }
            return
        }
        state.withLock { $0.registrations.append(number) }
    }

    private func registerClose(_ call: Call) {
        let box = Unmanaged.passRetained(self).toOpaque()
        let status = virConnectRegisterCloseCallback(call.connection, EventHub.lost, box, EventHub.release)
        // Drivers within this process have no peer to lose.
        if status < 0 { EventHub.release(box) }
    }

    /// Takes the registrations back; on the connection's thread, before it is closed, since they keep it alive.
    func deregister(from connection: virConnectPtr) {
        let registrations = state.withLock { state in
            defer { state.registrations = [] }
            return state.registrations
        }
        for number in registrations { virConnectDomainEventDeregisterAny(connection, number) }
        if !registrations.isEmpty { virConnectUnregisterCloseCallback(connection, Self.lost) }
        close()
    }

    private func tell(_ domain: virDomainPtr?, _ kind: DomainEvent.Kind, _ time: UInt64) {
        var uuid = [CChar](repeating: 0, count: Int(VIR_UUID_STRING_BUFLEN))
        guard let domain, let name = virDomainGetName(domain), virDomainGetUUIDString(domain, &uuid) == 0 else {
            return
        }
        let text = String(decoding: uuid.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let identity = DomainEvent.Identity(name: String(cString: name), uuid: text)
        tell(DomainEvent(domain: identity, kind: kind, timestamp: time))
    }

    private static func of(_ opaque: UnsafeMutableRawPointer?) -> EventHub? {
        opaque.map { Unmanaged<EventHub>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The connection broke. Computed, since C function types are not Sendable; it is one function all the same.
    private static var lost: virConnectCloseFunc {
        { _, reason, opaque in
            let time = EventLoop.now()
            guard let hub = EventHub.of(opaque) else { return }
            let loss = DomainEvent.Kind.connectionLost(ConnectionLoss(rawValue: reason) ?? .error)
            hub.tell(DomainEvent(domain: nil, kind: loss, timestamp: time))
            hub.close()
        }
    }

    private static var release: @convention(c) (UnsafeMutableRawPointer?) -> Void {
        { opaque in
            if let opaque { Unmanaged<EventHub>.fromOpaque(opaque).release() }
        }
    }
}
