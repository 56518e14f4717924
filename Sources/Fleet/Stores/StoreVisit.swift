package import Hypervisor
package import Inventory
internal import Values

extension HypervisorDriver {
    /// Works with one host's hypervisor.
    /// - Throws: ``HostProblem`` for what libvirt refuses; whatever else `body` throws.
    package func visit<Answer: Sendable>(
        _ host: Host, _ body: (HypervisorConnection) async throws -> Answer
    ) async throws -> Answer {
        let connection = try await connect(to: host)
        do {
            let answer = try await body(connection)
            await connection.close()
            return answer
        } catch let error as HypervisorError {
            await connection.close()
            throw HostProblem(error, host: host.name)
        } catch {
            await connection.close()
            throw error
        }
    }
}

/// What each of several hosts answered, in their order.
package struct HostAnswers<Answer: Sendable>: Sendable {
    package let hosts: [(host: Host, answer: Result<Answer, HostProblem>)]

    /// Asks all hosts at once.
    package init(
        _ hosts: [Host], limit: Int, _ body: @escaping @Sendable (Host) async throws -> Answer
    ) async {
        self.hosts = await fanOut(hosts, limit: limit) { host in
            do {
                return (host, .success(try await body(host)))
            } catch {
                return (host, .failure(Self.problem(error, host)))
            }
        }
    }

    package var problems: [HostProblem] {
        hosts.compactMap { if case .failure(let problem) = $0.answer { problem } else { nil } }
    }

    private static func problem(_ error: any Error, _ host: Host) -> HostProblem {
        var diagnostic: Diagnostic
        switch error {
        case let problem as HostProblem: return problem
        case let error as HypervisorError: return HostProblem(error, host: host.name)
        case let several as Diagnostics: diagnostic = several.all[0]
        case let file as FileError: diagnostic = file.diagnostic
        case let locked as OperationLocked: diagnostic = locked.diagnostic
        case is CancellationError: diagnostic = .error("interrupted")
        default: diagnostic = .error("\(error)")
        }
        diagnostic.host = diagnostic.host ?? host.name
        return HostProblem(.failed, diagnostic)
    }
}
