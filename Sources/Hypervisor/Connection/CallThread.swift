internal import Glibc

/// One operating-system thread that runs blocking calls in the order in which they were given, so that none of them ever
/// holds up the threads that run tasks.
///
/// @unchecked Sendable: `jobs` and `finished` are only touched with `mutex` held; the pointers never change.
final class CallThread: @unchecked Sendable {
    typealias Job = @Sendable () -> Void

    // On the heap, because a mutex and a condition must keep their address.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [Job] = []
    private var finished = false

    /// Nil when the system has no thread left.
    init?() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        guard Self.detached({ [self] in loop() }) else { return nil }
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Adds a job; false when the thread was told to finish, and the job will not run.
    func run(_ job: @escaping Job) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !finished else { return false }
        jobs.append(job)
        pthread_cond_signal(condition)
        return true
    }

    /// Runs what is waiting, then `last`, then ends the thread; does not wait for it. False when it was told before.
    @discardableResult
    func finish(_ last: @escaping Job) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !finished else { return false }
        jobs.append(last)
        finished = true
        pthread_cond_signal(condition)
        return true
    }

    private func loop() {
        while let job = next() { job() }
    }

    private func next() -> Job? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty {
            if finished { return nil }
            pthread_cond_wait(condition, mutex)
        }
        return jobs.removeFirst()
    }

    /// Starts a thread for one job that may take long; false when the system has none left.
    static func detached(_ job: @escaping Job) -> Bool {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(JobBox(job))
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<JobBox>.fromOpaque(argument).takeRetainedValue().job()
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private final class JobBox: Sendable {
        let job: Job
        init(_ job: @escaping Job) { self.job = job }
    }
}
