internal import Glibc

/// The controller's clocks, in the forms that journals and results need.
package enum Clock {
    /// Seconds since 1970.
    package static var now: Int { time(nil) }

    /// Milliseconds since 1970.
    package static var milliseconds: Int {
        var spec = timespec()
        clock_gettime(CLOCK_REALTIME, &spec)
        return spec.tv_sec * 1000 + spec.tv_nsec / 1_000_000
    }

    /// Nanoseconds that never go back; for durations.
    package static var monotonic: UInt64 {
        var spec = timespec()
        clock_gettime(CLOCK_MONOTONIC, &spec)
        return UInt64(spec.tv_sec) * 1_000_000_000 + UInt64(spec.tv_nsec)
    }

    /// Seconds since a value of ``monotonic``.
    package static func seconds(since start: UInt64) -> Double { Double(monotonic - start) / 1e9 }

    /// A time as ISO 8601 in UTC: `2026-01-31T12:00:00Z`.
    package static func iso(_ seconds: Int) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
