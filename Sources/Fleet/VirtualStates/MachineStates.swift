internal import Hypervisor
internal import Inventory
internal import Modules
internal import Values

/// `virt.running`, `virt.defined`.
enum MachineStates {
    @Sendable static func running(_ call: VirtualCall) async throws -> ControllerAnswer {
        let there = try await call.connected { connection in try await connection.domain(.name(call.name)) }
        guard let there else { return call.failed("\(call.host.name) has no VM \"\(call.name)\"", isSoft: true) }
        if there.state.isActive { return call.unchanged("Domain \(call.name) exists and is running") }
        if !call.isTest { _ = try await MachinePower(call.context, driver: call.driver).start(there.uuid) }
        let changes = Mapping([(call.name, Value(Mapping([("started", true)])))])
        return call.changed(
            changes, "Domain \(call.name) started", wouldBe: "Domain \(call.name) would be started")
    }
}
