internal import Values

/// One thing that a host says on the channel.
package enum Record: Sendable, Hashable {
    // What the receiver says.
    /// The receiver is there: its directory, user and boot.
    case ready(directory: String, uid: Int?, boot: String)
    /// A program begins; for `exec` its plain output follows.
    case starts(name: String)
    /// A program run in the foreground has ended, with this exit code and this output (bounded, tail first to go).
    case exited(name: String, code: Int?, output: [UInt8])
    /// A detached program has ended; nil when it was lost (killed, or the host restarted).
    case ended(code: Int?)
    /// What a detached program printed outside its records.
    case stray(String)
    /// Nothing has happened for a while, but the connection and the host live.
    case beat
    /// The receiver cannot go on.
    case failed(String)
    case stopped(run: String)
    case bye

    // What a program says.
    case begin(test: Bool)
    /// A state begins.
    case progress(Int)
    case state(StateResult)
    /// The host has changed its network and takes it back unless the token is confirmed over a new connection in time.
    case needConfirm(token: String, seconds: Int)
    /// A state is the controller's to carry out; the host waits for its answer. In test mode nothing may be changed.
    case ask(chunk: Int, test: Bool)
    /// The program came to its end: exit code and number of failed states.
    case end(code: Int, failures: Int)

    /// Bytes that are no record: a login's greeting, a broken host; bounded.
    case garbage([UInt8])
}
