internal import Hypervisor
internal import Inventory
internal import Values

/// Carries a push out as its schedule says.
struct PushWork: Sendable {
    /// How it ended at a host.
    struct End: Sendable {
        let result: Result<ImagePush.Outcome.Arrival, HostProblem>
        /// Whether no part is left there.
        let isTidy: Bool
    }

    private enum Event: Sendable {
        case carried(PushSchedule.Transfer, lane: Int, HostProblem?)
        case verified(Int, HostProblem?)
    }

    private let seats: [PushSeat]
    private let image: StoredImage
    private let pieces: [Range<UInt64>]
    private let say: @Sendable (String) -> Void
    private var schedule: PushSchedule
    private var freeLanes: [[Int]]
    private var problems: [HostProblem?]
    private var isVerified: [Bool]
    /// Whom a host could not feed, and who could not feed it: what shows which of two is at fault.
    private var fedInVain: [Set<Int>]
    private var askedInVain: [Set<Int>]
    /// Bytes that the controller sent.
    private(set) var sent = 0

    init(
        seats: [PushSeat], image: StoredImage, pieces: [Range<UInt64>], lanes: Int,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.seats = seats
        self.image = image
        self.pieces = pieces
        self.say = say
        let complete = Set(seats.indices.filter { seats[$0].isComplete })
        schedule = PushSchedule(hosts: seats.count, pieces: pieces.count, complete: complete, lanes: lanes)
        freeLanes = seats.map { _ in Array(0..<lanes) }
        problems = seats.map { _ in nil }
        isVerified = seats.map(\.isComplete)
        fedInVain = seats.map { _ in [] }
        askedInVain = seats.map { _ in [] }
    }

    /// Until every host has all or is given up. Cancelling ends it between two pieces.
    mutating func run() async {
        await withTaskGroup(of: Event.self) { group in
            begin(in: &group)
            // An image of holes alone has no piece that could arrive.
            if pieces.isEmpty { for host in seats.indices where !isVerified[host] { verify(host, in: &group) } }
            while let event = await group.next() {
                take(event, in: &group)
                if Task.isCancelled { group.cancelAll() } else { begin(in: &group) }
            }
        }
        for host in seats.indices where problems[host] == nil && !isVerified[host] {
            let why = Diagnostic.error("nobody could send it the image \"\(image.name)\"", host: seats[host].host.name)
            problems[host] = HostProblem(.failed, why)
        }
    }

    private mutating func begin(in group: inout TaskGroup<Event>) {
        for transfer in schedule.next() {
            let lane = freeLanes[transfer.target].removeLast()
            let piece = pieces[transfer.piece]
            if transfer.source == .controller { sent += piece.count }
            group.addTask { [self] in .carried(transfer, lane: lane, await carry(transfer, piece, lane)) }
        }
        let progress = schedule.progress
        say("\(image.name): \(progress.arrived * 100 / max(1, progress.wanted)) % of \(seats.count) copies")
    }

    private mutating func take(_ event: Event, in group: inout TaskGroup<Event>) {
        switch event {
        case .carried(let transfer, let lane, let problem):
            freeLanes[transfer.target].append(lane)
            guard let problem else {
                schedule.finished(transfer)
                if schedule.isComplete(transfer.target) { verify(transfer.target, in: &group) }
                return
            }
            schedule.failed(transfer)
            judge(transfer, problem)
        case .verified(let host, let problem):
            isVerified[host] = problem == nil
            if let problem { giveUp(host, problem) }
        }
    }

    private func verify(_ host: Int, in group: inout TaskGroup<Event>) {
        group.addTask { [seats, image] in
            do {
                try await seats[host].verify(image)
                return .verified(host, nil)
            } catch {
                return .verified(host, HostProblem(error, host: seats[host].host.name))
            }
        }
    }

    private func carry(_ transfer: PushSchedule.Transfer, _ piece: Range<UInt64>, _ lane: Int) async -> HostProblem? {
        let target = seats[transfer.target]
        do {
            switch transfer.source {
            case .controller:
                try await target.hypervisor.upload(image.path, to: target.volume.name, in: target.pool, range: piece)
            case .host(let number): try await target.fetch(piece, from: seats[number], lane: lane)
            }
            return nil
        } catch {
            return HostProblem(error, host: target.host.name)
        }
    }

    /// A piece that did not arrive may be either side's fault: whoever fails with two others is.
    private mutating func judge(_ transfer: PushSchedule.Transfer, _ problem: HostProblem) {
        guard case .host(let source) = transfer.source, problem.kind == .failed else {
            giveUp(transfer.target, problem)
            return
        }
        fedInVain[source].insert(transfer.target)
        askedInVain[transfer.target].insert(source)
        if fedInVain[source].count > 1 { schedule.mute(source) }
        if askedInVain[transfer.target].count > 1 { giveUp(transfer.target, problem) }
    }

    private mutating func giveUp(_ host: Int, _ problem: HostProblem) {
        schedule.lose(host)
        isVerified[host] = false
        problems[host] = problems[host] ?? problem
    }

    /// Gives verified copies their name, removes every other part, and lets the hosts go.
    func finish(isCancelled: Bool) async -> [End] {
        await fanOut(Array(seats.indices), limit: 64) { index in
            let end = await finish(seats[index], isCancelled ? nil : isVerified[index], problems[index])
            await seats[index].close()
            return end
        }
    }

    private func finish(_ seat: PushSeat, _ isVerified: Bool?, _ problem: HostProblem?) async -> End {
        if seat.isComplete { return End(result: .success(.present), isTidy: true) }
        var problem = problem
        if isVerified == true {
            do {
                try await seat.publish(image)
                return End(result: .success(.placed), isTidy: true)
            } catch {
                problem = HostProblem(error, host: seat.host.name)
            }
        }
        let isTidy = await seat.removePart()
        let why = problem ?? HostProblem(.failed, .error("not done", host: seat.host.name))
        return End(result: .failure(why), isTidy: isTidy)
    }
}
