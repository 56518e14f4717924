internal import ArgumentParser
internal import Values

/// A length of time on the command line. A bare number counts what the option says.
enum DurationArgument {
    static func milliseconds(_ text: String) throws -> TimeSpan { try read(text, bare: .milliseconds) }
    static func seconds(_ text: String) throws -> TimeSpan { try read(text, bare: .seconds) }

    private static func read(_ text: String, bare: TimeSpan.Unit) throws -> TimeSpan {
        guard let span = TimeSpan(text, bare: bare) else {
            throw ValidationError("bad time \"\(text)\": write a number with ms, s, m, h or d, such as \"20m\"")
        }
        return span
    }
}
