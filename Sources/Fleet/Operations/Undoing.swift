internal import Hypervisor
package import Inventory
package import Values

/// An operation failed, and not all that it had made could be taken back: that is left to recovery.
package struct OperationUnsettled: Error, Sendable {
    package let operation: String
    /// Why it failed.
    package var cause: any Error
    let host: Host

    package var diagnostic: Diagnostic {
        var diagnostic = HostProblem(cause, host: host.name).diagnostic
        diagnostic.hint = "not all that was made could be taken back: run `drover op recover \(operation)`"
        return diagnostic
    }
}

/// Takes back what an operation that failed has made on a host.
struct Undoing: Sendable {
    let driver: any HypervisorDriver
    let host: Host
    let log: OperationLog

    /// Runs to its end though the task was cancelled; over a new connection, if this one was lost.
    /// - Parameter body: takes back what there is; may be called again. Notes the end itself.
    /// - Returns: what is to be thrown: `error`, or ``OperationUnsettled``.
    func after(
        _ error: any Error, over connection: HypervisorConnection,
        _ body: @escaping @Sendable (HypervisorConnection) async throws -> Void
    ) async -> any Error {
        let unsettled = OperationUnsettled(operation: log.id, cause: error, host: host)
        return await Task {
            do {
                do {
                    try await body(connection)
                } catch let lost where lost.leavesEndUnknown {
                    try await driver.visit(host, body)
                }
                return error
            } catch {
                return unsettled
            }
        }.value
    }
}
