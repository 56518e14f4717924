internal import Hypervisor
package import Inventory

/// Several VMs moved at once, as many as hosts and links bear; what becomes of one does not stop the others.
package struct MigrationBatch: Sendable {
    /// How many go on at once.
    package struct Limits: Sendable {
        /// From one host.
        package var outgoing = 2
        /// To one host.
        package var incoming = 2
        /// From one host to one other.
        package var link = 2
        package var total = 64

        package init() {}

        /// The same for what a host sends and takes.
        package init(perHost: Int, total: Int) {
            outgoing = perHost
            incoming = perHost
            link = perHost
            self.total = total
        }
    }

    /// What became of one VM.
    package struct Ended: Sendable {
        package let vm: String
        package let to: Host
        package let result: Result<MigrationOutcome, any Error>
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let options: MigrationOptions
    private let limits: Limits
    private let control: MigrationControl

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, options: MigrationOptions = MigrationOptions(),
        limits: Limits = Limits(), control: MigrationControl = MigrationControl()
    ) {
        self.context = context
        self.driver = driver
        self.options = options
        self.limits = limits
        self.control = control
    }

    /// Cancelling the task lets go of what has begun, and begins no more.
    /// - Parameters:
    ///   - mayBegin: asked before each is begun; none is any more once it said no.
    ///   - ended: is given each result as soon as there is one.
    ///   - tell: is given a VM's name and how far it is.
    /// - Returns: a result for each move, in their order.
    package func run(
        _ moves: [(vm: String, to: Host)], mayBegin: @Sendable () -> Bool = { true },
        ended: (Int, Result<MigrationOutcome, any Error>) -> Void = { _, _ in },
        tell: @escaping @Sendable (String, MigrationProgress) -> Void
    ) async -> [Ended] {
        let places = moves.count > 1 ? await whereTheyAre() : [:]
        var schedule = MigrationSchedule(
            moves.map { .init(from: places[$0.vm], to: $0.to.name) }, limits: limits)
        var results: [Int: Result<MigrationOutcome, any Error>] = [:]
        await withTaskGroup(of: (Int, Result<MigrationOutcome, any Error>).self) { group in
            var begun = mayBegin() ? schedule.begin() : []
            repeat {
                for index in begun {
                    let (vm, host) = moves[index]
                    group.addTask { (index, await move(vm, to: host) { tell(vm, $0) }) }
                }
                guard let (index, result) = await group.next() else { return }
                results[index] = result
                ended(index, result)
                schedule.end(index)
                let isOver = Task.isCancelled || control.isCancelled || !mayBegin()
                begun = isOver ? [] : schedule.begin()
            } while true
        }
        return moves.enumerated().map { index, move in
            Ended(vm: move.vm, to: move.to, result: results[index] ?? .failure(CancellationError()))
        }
    }

    /// The host of each name and UUID, as far as hosts answer.
    private func whereTheyAre() async -> [String: String] {
        var places: [String: String] = [:]
        for answer in await MachineCensus(context, driver: driver).take() {
            for machine in (try? answer.machines.get()) ?? [] {
                places[machine.name] = answer.host.name
                places[machine.uuid] = answer.host.name
            }
        }
        return places
    }

    private func move(
        _ vm: String, to host: Host, tell: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> Result<MigrationOutcome, any Error> {
        do {
            try Task.checkCancellation()
            let migration = MachineMigration(context, driver: driver, options: options, control: control, tell: tell)
            return .success(try await migration.migrate(vm, to: host))
        } catch {
            return .failure(error)
        }
    }
}
