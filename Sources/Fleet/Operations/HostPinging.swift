package import Inventory
internal import Values

/// Whether hosts let us in and can run a command, and how long that takes.
package struct HostPinging: Sendable {
    private let context: FleetContext

    package init(_ context: FleetContext) { self.context = context }

    /// Seconds from nothing to a finished `true` on each host, in the hosts' order.
    package func ping(_ hosts: [Host]) async -> [Result<Double, HostProblem>] {
        await fanOut(hosts, limit: context.parallel) { host in
            let start = Clock.monotonic
            do throws(HostProblem) {
                let connection = try await context.connector.connect(to: host)
                let channel = try await connection.open("true")
                try await channel.finishWriting()
                while try await channel.read() != nil {}
                let exit = try await channel.exit()
                await connection.close()
                guard exit.succeeded else {
                    throw HostProblem(.failed, .error("cannot run a command", detail: "\(exit)", host: host.name))
                }
                return .success(Clock.seconds(since: start))
            } catch {
                return .failure(error)
            }
        }
    }
}
