package import Hypervisor
package import Inventory

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
