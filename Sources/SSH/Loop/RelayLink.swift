import Glibc

/// A link over a channel of another session on the same loop.
///
/// `@unchecked Sendable`: everything is touched on the one thread of the loop that both sessions share.
final class RelayLink: Link, @unchecked Sendable {
    private static let mostWaiting = 1 << 20

    private let outer: Operations
    private var inbox: [UInt8] = []
    private var inboxFrom = 0
    var outbox: [UInt8] = []
    private(set) var received: UInt64 = 0
    private var ending: LinkLoss?
    var onReady: (() -> Void)?

    init(outer: Operations) { self.outer = outer }

    var isIdle: Bool { outbox.isEmpty }
    var hasRoom: Bool { inbox.count - inboxFrom < Self.mostWaiting }
    var descriptor: Int32 { outer.link.descriptor }
    /// The end counts once what came before it has been read, unless this side made it.
    var loss: LinkLoss? { ending == .closed || inboxFrom == inbox.count ? ending : nil }

    func receive(into buffer: UnsafeMutableRawPointer, count: Int) -> Int {
        let taken = min(count, inbox.count - inboxFrom)
        guard taken > 0, ending != .closed else { return Int(-EAGAIN) }
        let room = UnsafeMutableRawBufferPointer(start: buffer, count: taken)
        room.copyBytes(from: inbox[inboxFrom..<(inboxFrom + taken)])
        inboxFrom += taken
        received &+= UInt64(taken)
        if inboxFrom == inbox.count {
            inbox.removeAll(keepingCapacity: true)
            inboxFrom = 0
        }
        return taken
    }

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard ending == nil else { return }
        outbox.append(contentsOf: bytes)
        if outbox.count > Self.mostWaiting { ending = .congested }
        outer.retry()
    }

    /// The outer session hands on by itself.
    func flush() {}

    func close() {
        ending = .closed
        onReady = nil
        outer.retry()
    }

    func deliver(_ bytes: [UInt8]) {
        if inboxFrom > 0 {
            inbox.removeFirst(inboxFrom)
            inboxFrom = 0
        }
        inbox += bytes
        onReady?()
    }

    func end(_ reason: LinkLoss) {
        guard ending == nil else { return }
        ending = reason
        onReady?()
    }
}
