internal import Dispatch
internal import Glibc

/// Standard input and output as streams of bytes, away from the threads that tasks share: both may block.
enum StandardStreams {
    private static let reading = DispatchQueue(label: "standard input")
    private static let writing = DispatchQueue(label: "standard output")

    /// The next bytes of standard input; nil at its end.
    static func read() async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            reading.async {
                var result = 0
                let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                    repeat {
                        result = Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
                    } while result < 0 && errno == EINTR
                    count = max(0, result)
                }
                continuation.resume(returning: result > 0 ? bytes : nil)
            }
        }
    }

    /// False when nobody reads it any more.
    static func write(_ bytes: [UInt8]) async -> Bool {
        await withCheckedContinuation { continuation in
            writing.async { continuation.resume(returning: writeAll(bytes)) }
        }
    }

    private static func writeAll(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 {
                switch errno {
                case EINTR: continue
                case EAGAIN:
                    var request = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                    poll(&request, 1, -1)
                    continue
                default: return false
                }
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
