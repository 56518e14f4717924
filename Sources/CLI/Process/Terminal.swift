internal import Glibc
internal import Values

/// Standard output carries the result, standard error everything else.
enum Terminal {
    static let isErrorTerminal = isatty(STDERR_FILENO) == 1
    static let isInputTerminal = isatty(STDIN_FILENO) == 1
    private static let noColor = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    static let colorsErrors = isErrorTerminal && !noColor
    static let colorsOutput = isatty(STDOUT_FILENO) == 1 && !noColor

    /// The result.
    static func write(_ text: String) { put(text, to: STDOUT_FILENO) }

    /// A line for people.
    static func note(_ text: String) { put(text + "\n", to: STDERR_FILENO) }

    static func show(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics { note(diagnostic.rendered(colored: colorsErrors)) }
    }

    /// A line that the next one overwrites; nothing where there is no terminal.
    static func status(_ text: String) {
        if isErrorTerminal { put("\r\u{1B}[K" + text, to: STDERR_FILENO) }
    }

    static func clearStatus() { status("") }

    /// Asks; true only for a clear yes.
    static func confirm(_ question: String) -> Bool {
        put(question + " [y/N] ", to: STDERR_FILENO)
        guard let answer = readLine() else { return false }
        return ["y", "yes"].contains(answer.lowercased())
    }

    private static func put(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
