import CLibSSH2
import Glibc
import Synchronization

/// What the loop tells the owner of a descriptor. Called on the loop's thread.
protocol ReadinessHandler: AnyObject, Sendable {
    /// The descriptor became readable or writable, or failed. May be called without a cause.
    func ready()
}

/// A thread that waits for descriptors, deadlines and work, and runs the actors that live on it.
///
/// A session lives on one loop for its whole life, so everything about it happens on one thread, which is libssh2's
/// condition for using it. Nothing that runs here may block: name look-up, files and passphrases have threads of their own.
///
/// `@unchecked Sendable`: `inbox` is guarded by its mutex; `handlers` and `timers` are touched on the loop's thread only.
final class EventLoop: SerialExecutor, @unchecked Sendable {
    private enum Work {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct Inbox: ~Copyable {
        var work: [Work] = []
        var isAsleep = false
    }

    private let inbox = Mutex(Inbox())
    private let poll: Int32
    private let wakeUp: Int32
    private var handlers: [Int32: any ReadinessHandler] = [:]
    private var timers = TimerQueue()
    private let thread = Mutex<pthread_t?>(nil)

    /// Two loops: the work is mostly encryption, and a controller rarely has more cores to spare for it.
    private static let pool = Result<[EventLoop], SSHError> { () throws(SSHError) in
        [try EventLoop(), try EventLoop()]
    }
    private static let turn = Mutex(0)

    /// The loop for the next session.
    static func next() throws(SSHError) -> EventLoop {
        let loops = try pool.get()
        return turn.withLock { turn in
            turn = (turn + 1) % loops.count
            return loops[turn]
        }
    }

    private init() throws(SSHError) {
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poll >= 0 else { throw .system(.resourcesExhausted, "no epoll descriptor for the event loop", errno) }
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeUp >= 0 else { throw .system(.resourcesExhausted, "no event descriptor for the event loop", errno) }
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: wakeUp))
        epoll_ctl(poll, EPOLL_CTL_ADD, wakeUp, &event)
        guard OwnThread.start({ self.run() }) else {
            throw SSHError(.resourcesExhausted, "no thread for the event loop")
        }
    }

    // MARK: - Called on any thread

    func enqueue(_ job: consuming ExecutorJob) {
        add(.job(UnownedJob(job)))
    }

    /// Runs the closure on the loop's thread, after what is queued there.
    func submit(_ closure: @escaping @Sendable () -> Void) {
        add(.closure(closure))
    }

    private func add(_ work: Work) {
        let mustWake = inbox.withLock { inbox in
            inbox.work.append(work)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        guard mustWake else { return }
        var one: UInt64 = 1
        write(wakeUp, &one, 8)
    }

    var isCurrent: Bool { thread.withLock { $0 } == pthread_self() }

    func checkIsolated() {
        precondition(isCurrent, "SSH session used outside its event loop")
    }

    func isIsolatingCurrentContext() -> Bool? { isCurrent }

    // MARK: - Called on the loop's thread

    /// Watches a descriptor for edges in both directions until it is removed.
    ///
    /// - Returns: 0, or `errno`.
    func watch(_ descriptor: Int32, _ handler: any ReadinessHandler) -> Int32 {
        let interest = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        var event = epoll_event(events: interest, data: epoll_data_t(fd: descriptor))
        guard epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0 else { return errno }
        handlers[descriptor] = handler
        return 0
    }

    func unwatch(_ descriptor: Int32) {
        handlers[descriptor] = nil
        epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Calls the closure at the given time.
    func schedule(at instant: ContinuousClock.Instant, _ closure: @escaping () -> Void) -> TimerQueue.ID {
        timers.add(at: instant, closure)
    }

    func unschedule(_ timer: TimerQueue.ID) {
        timers.remove(timer)
    }

    private func run() {
        thread.withLock { $0 = pthread_self() }
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        while true {
            runWork()
            for closure in timers.takeDue(now: .now) { closure() }
            let isIdle = inbox.withLock { inbox in
                inbox.isAsleep = inbox.work.isEmpty
                return inbox.isAsleep
            }
            let timeout = isIdle ? timers.millisecondsToNext(now: .now) : 0
            let count = epoll_wait(poll, &events, Int32(events.count), timeout)
            inbox.withLock { $0.isAsleep = false }
            for event in events.prefix(max(0, Int(count))) {
                dispatch(event.data.fd)
            }
        }
    }

    private func dispatch(_ descriptor: Int32) {
        if descriptor == wakeUp {
            var count: UInt64 = 0
            read(wakeUp, &count, 8)
            return
        }
        handlers[descriptor]?.ready()
    }

    private func runWork() {
        let work = inbox.withLock { inbox in
            defer { inbox.work.removeAll() }
            return inbox.work
        }
        for item in work {
            switch item {
            case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            case .closure(let closure): closure()
            }
        }
    }
}
