/// Deadlines in the order in which they fall.
struct TimerQueue {
    struct ID: Hashable {
        fileprivate let instant: ContinuousClock.Instant
        fileprivate let number: UInt64
    }

    private struct Entry {
        let id: ID
        let closure: () -> Void
    }

    private var entries: [Entry] = []
    private var count: UInt64 = 0

    mutating func add(at instant: ContinuousClock.Instant, _ closure: @escaping () -> Void) -> ID {
        count += 1
        let id = ID(instant: instant, number: count)
        entries.insert(Entry(id: id, closure: closure), at: position(of: id))
        return id
    }

    mutating func remove(_ id: ID) {
        let index = position(of: id)
        guard index < entries.count, entries[index].id == id else { return }
        entries.remove(at: index)
    }

    /// Takes out what is due, in order; it is the caller that calls it, as a closure may add and remove timers.
    mutating func takeDue(now: ContinuousClock.Instant) -> [() -> Void] {
        let due = entries.prefix { $0.id.instant <= now }
        defer { entries.removeFirst(due.count) }
        return due.map(\.closure)
    }

    /// How long to sleep, rounded up; -1 for ever.
    func millisecondsToNext(now: ContinuousClock.Instant) -> Int32 {
        guard let first = entries.first else { return -1 }
        let wait = now.duration(to: first.id.instant)
        guard wait > .zero else { return 0 }
        let (seconds, attoseconds) = wait.components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// The first index whose entry does not come before `id`.
    private func position(of id: ID) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            let other = entries[middle].id
            let isBefore = other.instant == id.instant ? other.number < id.number : other.instant < id.instant
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
