internal import Dispatch

/// Work that blocks, such as reading gigabytes from a disk, away from the threads that `async` code shares.
enum OwnThread {
    static func run<Answer: Sendable>(_ work: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try work() }) }
        }
    }
}
