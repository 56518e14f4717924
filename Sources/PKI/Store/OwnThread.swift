import Glibc

/// Runs what blocks (key generation, locks, fsync, sockets) on a thread that ends with it, because the threads of
/// the cooperative pool must not wait.
enum OwnThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func run<T: Sendable>(_ work: @escaping @Sendable () throws(PKIError) -> T) async throws(PKIError) -> T {
        let result: Result<T, PKIError> = await withCheckedContinuation { continuation in
            let code = start { continuation.resume(returning: Result { () throws(PKIError) in try work() }) }
            if code != 0 {
                let why = PKIError.text(ofErrno: code)
                continuation.resume(
                    returning: .failure(PKIError(.system, "cannot start a thread: \(why)", number: code)))
            }
        }
        return try result.get()
    }

    private static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        let box = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        if code == 0 {
            pthread_detach(thread)
        } else {
            box.release()
        }
        return code
    }
}
