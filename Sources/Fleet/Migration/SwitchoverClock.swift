internal import Hypervisor
internal import Synchronization

/// Takes the guest's downtime from the hosts' events, on the controller's clock: from the source's last *suspended*
/// before the end to the destination's first *resumed* after it.
final class SwitchoverClock: Sendable {
    private struct Moments {
        var suspended: UInt64?
        var resumed: UInt64?
    }

    private let uuid: String
    private let moments = Mutex(Moments())

    init(uuid: String) { self.uuid = uuid }

    func heardAtSource(_ event: DomainEvent) {
        guard event.domain?.uuid == uuid, case .lifecycle(let life) = event.kind else { return }
        moments.withLock { moments in
            switch life.event {
            // One that stands still already is not suspended again by the switch-over.
            case .suspended: moments.suspended = moments.suspended ?? event.timestamp
            // The source runs again: what it stood still for was no switch-over.
            case .resumed: moments.suspended = nil
            default: break
            }
        }
    }

    func heardAtDestination(_ event: DomainEvent) {
        guard event.domain?.uuid == uuid, case .lifecycle(let life) = event.kind, life.event == .resumed else { return }
        moments.withLock { $0.resumed = event.timestamp }
    }

    var hasResumed: Bool { moments.withLock { $0.resumed != nil } }

    /// Nil while either event is missing.
    var downtimeMilliseconds: Int? {
        moments.withLock { moments in
            guard let from = moments.suspended, let to = moments.resumed, to >= from else { return nil }
            return Int((to - from) / 1_000_000)
        }
    }
}
