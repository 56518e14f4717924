import CLibSSH2

/// Asks the server for a sign of life when nothing has come from it for a while, and gives the connection up after three
/// unanswered questions.
///
/// TCP notices a peer that is gone; this notices one whose kernel is alive and whose sshd is not, and keeps the state in
/// firewalls on the way. Used on the loop's thread only.
final class Keepalive {
    private let operations: Operations
    private let library: LibrarySession
    private let seconds: Int
    private var timer: TimerQueue.ID?
    private var lastReceived: UInt64
    private var unanswered = 0

    init(_ operations: Operations, _ library: LibrarySession, seconds: Int) {
        self.operations = operations
        self.library = library
        self.seconds = seconds
        lastReceived = operations.link.received
        libssh2_keepalive_config(library.pointer, 1, 1)
        arm()
    }

    func stop() {
        if let timer { operations.loop.unschedule(timer) }
        timer = nil
    }

    private func arm() {
        timer = operations.loop.schedule(at: .now + .seconds(seconds)) { [weak self] in self?.tick() }
    }

    private func tick() {
        guard operations.loss == nil else { return }
        let received = operations.link.received
        // While nobody waits, nobody reads, and silence means nothing.
        unanswered = received == lastReceived && operations.isWaiting ? unanswered + 1 : 0
        lastReceived = received
        if unanswered > 3 {
            operations.lose(.silent(seconds * unanswered))
            return
        }
        var next: Int32 = 0
        libssh2_keepalive_send(library.pointer, &next)
        arm()
    }
}
