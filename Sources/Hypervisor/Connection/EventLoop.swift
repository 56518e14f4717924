internal import CLibvirt
internal import Glibc

/// libvirt's event loop: one thread for the whole process, which delivers events and answers keep-alives.
enum EventLoop {
    /// Starts libvirt and its loop at the first use, which must be before the first connection; false if that failed.
    static let isRunning: Bool = start()

    private static func start() -> Bool {
        // Without a handler of our own libvirt prints every error to stderr as well.
        virSetErrorFunc(nil) { _, _ in }
        guard virInitialize() == 0, virEventRegisterDefaultImpl() == 0 else { return false }
        return CallThread.detached {
            while true {
                // A failing poll must not turn into a busy loop.
                if virEventRunDefaultImpl() < 0 { usleep(100_000) }
            }
        }
    }

    /// Nanoseconds of CLOCK_MONOTONIC.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
