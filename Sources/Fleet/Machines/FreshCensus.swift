internal import Inventory
internal import Values

/// The census for several operations that begin one after another: each gets an answer that is some seconds old at most,
/// and those that need a new one at the same time share it.
package actor FreshCensus {
    private let take: @Sendable () async -> [MachineCensus.Answer]
    private let limit: UInt64
    private var last: (began: UInt64, answers: [MachineCensus.Answer])?
    private var pending: (began: UInt64, task: Task<[MachineCensus.Answer], Never>)?

    /// - Parameters:
    ///   - limit: nanoseconds after which an answer is too old.
    ///   - first: what was answered already, and when it was begun to ask (``Clock/monotonic``).
    init(
        limit: UInt64 = 3_000_000_000, first: (began: UInt64, answers: [MachineCensus.Answer])? = nil,
        take: @escaping @Sendable () async -> [MachineCensus.Answer]
    ) {
        self.limit = limit
        self.take = take
        last = first
    }

    init(_ context: FleetContext, driver: any HypervisorDriver, first survey: FleetSurvey) {
        let census = MachineCensus(context, driver: driver)
        // What only some hosts were asked says nothing of the others.
        let isWhole = Set(census.asked(nil).map(\.name)).isSubset(of: survey.census.map(\.host.name))
        self.init(first: isWhole ? (survey.began, survey.census) : nil) { await census.take() }
    }

    /// - Parameter moment: what was asked before it does not count (``Clock/monotonic``).
    func answers(since moment: UInt64 = 0) async -> [MachineCensus.Answer] {
        if let last, last.began >= moment, Clock.monotonic - last.began <= limit { return last.answers }
        if let pending, pending.began >= moment { return await pending.task.value }
        let began = Clock.monotonic
        let task = Task { [take] in await take() }
        pending = (began, task)
        let answers = await task.value
        if began > last?.began ?? 0 { last = (began, answers) }
        if pending?.began == began { pending = nil }
        return answers
    }
}
