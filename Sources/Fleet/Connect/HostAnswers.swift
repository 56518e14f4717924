package import Inventory

/// What each of several hosts answered, in their order.
package struct HostAnswers<Answer: Sendable>: Sendable {
    package let hosts: [(host: Host, answer: Result<Answer, HostProblem>)]

    /// Asks all hosts at once.
    /// - Parameters:
    ///   - limit: how many at a time.
    ///   - time: how long one may take, for questions only: what hangs is left to itself, and the host is reported for that.
    ///     Nil for changes, which take their time.
    package init(
        _ hosts: [Host], limit: Int, within time: Duration? = nil,
        _ body: @escaping @Sendable (Host) async throws -> Answer
    ) async {
        self.hosts = await fanOut(hosts, limit: limit) { host in
            guard let time else { return (host, await Self.answer(of: host, body)) }
            let answer = await Fleet.within(time) { await Self.answer(of: host, body) }
            return (host, answer ?? .failure(.silent(host, after: time)))
        }
    }

    private static func answer(
        of host: Host, _ body: @Sendable (Host) async throws -> Answer
    ) async -> Result<Answer, HostProblem> {
        do {
            return .success(try await body(host))
        } catch {
            return .failure(HostProblem(error, host: host.name))
        }
    }

    package var problems: [HostProblem] {
        hosts.compactMap { if case .failure(let problem) = $0.answer { problem } else { nil } }
    }
}
