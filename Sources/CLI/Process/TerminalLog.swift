internal import Logging
internal import Values

/// Log lines on standard error, one each, with nothing in them that a terminal would obey.
struct TerminalLog: LogHandler {
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { Terminal.note(Printable.line(event.message.description)) }
}
