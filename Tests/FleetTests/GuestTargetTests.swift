import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

@Suite struct GuestTargetTests {
    /// A table of expressions: the hosts that they mean, and whether hypervisors have to be asked.
    @Test(arguments: FleetFixtures.cases("guest-targets.yaml")) func hypervisorsAreAskedOnlyForVMs(
        row: FixtureCase
    ) async throws {
        try await ScratchFleet.with { fleet in
            try fleet.write(
                """
                groups: {hypervisors: {hosts: {hv1: {address: 10.0.0.1}}}, vms: {user: ops, vars: {tier: guest}}}
                hosts: {spare: {address: 10.0.0.2, roles: [web]}}
                vars: {virt: {profile: {small: {roles: [base]}}}}
                """, to: "inventory/hosts.yaml")
            try fleet.write(
                "vms:\n  web[1-2]: {image: debian, profile: small, roles: [web]}\n  db1: {image: debian, profile: small}\n",
                to: "inventory/vms.yaml")
            try fleet.write("{\"hv1\": [\"old1\"]}", to: ".drover/machines.json")
            let context = try fleet.context()
            let asked = Asked()
            let target = row["target"]?.string
            let hosts = try await context.hosts(target) {
                asked.isTrue = true
                return SilentDriver()
            }
            #expect(Value(hosts.map { Value($0.name) }) == row["hosts"])
            #expect(asked.isTrue == row["asks"]?.bool)
            for guest in hosts where guest.groups.contains("vms") {
                #expect(guest.user == "ops" && guest.vars["tier"] == "guest")
                #expect(guest.obstacle?.host == guest.name)
                await #expect(throws: HostProblem.self) {
                    try await StandardConnector(context.directory, timeout: 1, hosts: context.inventory.hosts)
                        .connect(to: guest)
                }
            }
        }
    }

    private final class Asked: @unchecked Sendable { var isTrue = false }

    /// Hypervisors that do not answer.
    private struct SilentDriver: HypervisorDriver {
        func connect(to host: FleetHost) async throws(HostProblem) -> HypervisorConnection {
            throw HostProblem(.unreachable, .error("no answer", host: host.name))
        }
    }
}
