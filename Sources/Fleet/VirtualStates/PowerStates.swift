internal import Hypervisor
internal import Modules
internal import Values

/// `virt.stopped`, `virt.powered_off`, `virt.rebooted`.
enum PowerStates {
    @Sendable static func stopped(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await MachineGroup(
            section: "stopped", done: "Machine has been shut down", wouldBe: "Machine would be shut down",
            plan: { $0.machine.state.isActive ? Mapping([("shutdown", true)]) : nil },
            act: acting(.stop(within: call.number("patience") ?? 120), call), foresee: foreseeingOff(call)
        ).answer(call)
    }

    @Sendable static func poweredOff(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await MachineGroup(
            section: "unpowered", done: "Machine has been powered off", wouldBe: "Machine would be powered off",
            plan: { $0.machine.state.isActive ? Mapping([("stop", true)]) : nil }, act: acting(.kill, call),
            foresee: foreseeingOff(call)
        ).answer(call)
    }

    @Sendable static func rebooted(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await MachineGroup(
            section: "rebooted", done: "Machine has been rebooted", wouldBe: "Machine would be rebooted",
            plan: { found in
                guard found.machine.state.isActive else {
                    throw Diagnostics(.error("\"\(found.machine.name)\" is \(found.machine.state.activity.name)"))
                }
                return Mapping([("reboot", true)])
            }, act: acting(.reboot(within: call.number("patience") ?? 120, force: false), call)
        ).answer(call)
    }

    private static func foreseeingOff(_ call: VirtualCall) -> @Sendable (MachineCensus.Found, Mapping) async -> Void {
        { found, _ in await call.foresight.foresee(machine: found.machine.name, running: false) }
    }

    private static func acting(
        _ act: PowerAct, _ call: VirtualCall
    ) -> @Sendable (MachineCensus.Found, Mapping) async throws -> Void {
        { found, _ in
            _ = try await MachineHold(call.context, driver: call.driver).with(found, for: act.word) { held in
                try await act.perform(on: held)
            }
        }
    }
}
