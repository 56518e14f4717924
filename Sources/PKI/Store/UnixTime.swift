import FoundationEssentials
import Glibc

/// Points in time as seconds since 1970, and their ISO 8601 form in UTC (`2026-01-31T12:00:00Z`).
public enum UnixTime {
    public static var now: Int { time(nil) }

    public static func iso8601(_ seconds: Int) -> String {
        Date.ISO8601FormatStyle().format(Date(timeIntervalSince1970: Double(seconds)))
    }

    public static func seconds(iso8601 text: String) -> Int? {
        guard let date = try? Date.ISO8601FormatStyle().parse(text) else { return nil }
        return Int(date.timeIntervalSince1970)
    }
}
