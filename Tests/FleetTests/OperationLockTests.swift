import Testing
import Values

@testable import Fleet

@Suite struct OperationLockTests {
    @Test func oneHolderAtATime() async throws {
        try await ScratchFleet.with { fleet in
            var first: OperationLock? = try OperationLock(fleet.directory, machine: "web1")
            #expect(throws: OperationLocked.self) { try OperationLock(fleet.directory, machine: "web1") }
            _ = try OperationLock(fleet.directory, machine: "web2")
            withExtendedLifetime(first) {}
            first = nil
            _ = try OperationLock(fleet.directory, machine: "web1")
        }
    }

    /// `op recover` must not take back what another process is making at this moment.
    @Test func recoveryLeavesALiveOperationAlone() async throws {
        try await ScratchFleet.with { fleet in
            try fleet.write("hosts: {hv1: {connection: local, roles: [hypervisor]}}\n", to: "inventory/hosts.yaml")
            let context = try fleet.context()
            let journal = Journal(fleet.directory)
            let log = try journal.begin(
                "create", Mapping([("vm", "web1"), ("uuid", "0e1a7c3c-0000-4000-8000-000000000000"), ("host", "hv1")]))
            let record = try journal.known(log.id)
            let held = try OperationLock(fleet.directory, machine: "web1")
            let recovery = OperationRecovery(
                context, driver: TLSHypervisorDriver(pkiDirectory: "/x", timeout: .seconds(1)))
            let outcome = await recovery.recover(record)
            #expect(outcome.result == "in progress")
            #expect(outcome.problem != nil)
            #expect(journal.operation(log.id)?.lastStep == "begin")
            withExtendedLifetime(held) {}
        }
    }
}
