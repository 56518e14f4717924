package import Inventory
internal import Modules
package import Values

/// Asks hosts for their facts.
package struct FactGathering: Sendable {
    private let context: FleetContext

    package init(_ context: FleetContext) { self.context = context }

    /// The facts of each host, or why they could not be had; in the hosts' order.
    package func gather(_ hosts: [Host]) async -> [(host: Host, facts: Result<Mapping, HostProblem>)] {
        let cache = FactCache(context.directory)
        return await fanOut(hosts, limit: context.parallel) { host in
            do throws(HostProblem) {
                let connection = try await context.connector.connect(to: host)
                let facts: Mapping
                do throws(HostProblem) {
                    let channel = try await RunChannel.open(on: connection, host: host.name)
                    facts = try await Self.facts(of: host, over: channel)
                    await channel.bye()
                } catch {
                    await connection.close()
                    throw error
                }
                await connection.close()
                cache.write(facts, of: host.name)
                return (host, .success(facts))
            } catch {
                return (host, .failure(error))
            }
        }
    }

    /// Runs the fact script over an open channel. What the inventory says of a host's facts wins.
    static func facts(of host: Host, over channel: RunChannel) async throws(HostProblem) -> Mapping {
        try await channel.put("facts", Array(FactScript.text.utf8))
        let (output, code) = try await channel.exec("facts")
        guard code == 0 else {
            let said = String(decoding: output.prefix(2000), as: UTF8.self)
            throw HostProblem(.failed, .error("cannot gather facts", detail: said, host: host.name))
        }
        do {
            var facts = try FactScript.parse(output)
            facts["id"] = Value(host.name)
            return facts.merged(with: host.facts)
        } catch {
            throw HostProblem(
                .failed, .error("its facts cannot be read", detail: String(describing: error), host: host.name))
        }
    }
}
