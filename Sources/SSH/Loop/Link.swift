import Glibc

/// A stream of bytes to a peer, as libssh2's send and receive callbacks see it: it never blocks, and what is sent is always
/// taken whole.
///
/// The second half is what makes sessions safe to share. libssh2 demands that a call that could not send its packet whole
/// be repeated with the same arguments before any other call sends (it even remembers addresses on its stack). Since a link
/// keeps what the socket does not take, no packet is ever partly sent as far as libssh2 knows. Writers look at ``isIdle``
/// before they send data, so that what is kept stays at one packet and a few control messages.
///
/// Used on the loop's thread only.
protocol Link: AnyObject {
    /// How many bytes came in so far: it tells whether a call read something that another one may be waiting for.
    var received: UInt64 { get }
    /// Whether everything sent has been handed on.
    var isIdle: Bool { get }
    /// Why the link is dead, once it is and everything that had come in has been read.
    var loss: LinkLoss? { get }
    /// A descriptor for libssh2, which only looks at its flags.
    var descriptor: Int32 { get }
    /// Called when there may be something to read, or room to send.
    var onReady: (() -> Void)? { get set }

    /// Reads what is there: the count, or `-EAGAIN` when there is nothing (now, or for ever: see ``loss``).
    func receive(into buffer: UnsafeMutableRawPointer, count: Int) -> Int
    /// Takes all of it.
    func send(_ bytes: UnsafeRawBufferPointer)
    /// Hands on what was kept, as far as possible.
    func flush()
    /// Ends the link. What was kept is dropped.
    func close()
}

/// How a link ended.
enum LinkLoss: Equatable {
    /// The peer closed it.
    case ended
    case failed(Int32)
    /// The peer sends but takes nothing.
    case congested
    /// This side closed it.
    case closed
    /// The SSH server said good-bye, or what it sent made no sense; with its or libssh2's words.
    case disconnected(String)
    /// Nothing came in for so many seconds, not even an answer to keepalives.
    case silent(Int)

    func error(doing activity: String) -> SSHError {
        switch self {
        case .ended: SSHError(.connectionLost, "the server closed the connection while \(activity)")
        case .failed(let number): .system(.connectionLost, "connection lost while \(activity)", number)
        case .congested: SSHError(.connectionLost, "the server stopped taking data while \(activity)")
        case .closed: SSHError(.closed, "the session was closed while \(activity)")
        case .disconnected(let words): SSHError(.connectionLost, "connection ended while \(activity): \(words)")
        case .silent(let seconds):
            SSHError(.connectionLost, "the server has not answered for \(seconds) s while \(activity)")
        }
    }
}
