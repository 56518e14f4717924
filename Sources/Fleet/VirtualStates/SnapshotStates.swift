internal import Hypervisor
internal import Inventory
internal import Modules
internal import Values

/// `virt.snapshot`, `virt.reverted`.
enum SnapshotStates {
    /// A snapshot is known by its name: `web1-SUFFIX`, or as Salt's module calls it, with the time before the suffix.
    @Sendable static func snapshot(_ call: VirtualCall) async throws -> ControllerAnswer {
        let suffix = call.text("suffix")
        let isRepeated = call.truth("repeat") ?? false
        return try await MachineGroup(
            section: "saved", done: "Snapshot has been taken", wouldBe: "Snapshot would be taken",
            plan: { found in
                try call.host.require(.snapshots)
                if isRepeated {
                    let time = Clock.iso(Clock.now).filter(\.isNumber)
                    return Mapping([("snapshot", Value(name(of: found, time: time, suffix)))])
                }
                let there = try await snapshots(found, call)
                if there.contains(where: { isOne($0.name, of: found, suffix) }) { return nil }
                let new = name(of: found, time: nil, suffix ?? "snapshot")
                if await call.foresight.hasSnapshot(new, of: found.machine.name) { return nil }
                return Mapping([("snapshot", Value(new))])
            },
            act: { found, fields in
                guard let name = fields["snapshot"]?.string else { return }
                _ = try await MachineSnapshots(call.context, driver: call.driver).create(name, of: found.machine.uuid)
            },
            foresee: { found, fields in
                guard let name = fields["snapshot"]?.string else { return }
                await call.foresight.foresee(snapshot: name, of: found.machine.name)
            }
        ).answer(call)
    }

    @Sendable static func reverted(_ call: VirtualCall) async throws -> ControllerAnswer {
        let wanted = call.text("snapshot")
        let cleans = call.truth("cleanup") ?? false
        return try await MachineGroup(
            section: "reverted", done: "Domain has been reverted", wouldBe: "Domain would be reverted",
            plan: { found in
                try call.host.require(.snapshots)
                let there = try await snapshots(found, call)
                guard let target = wanted.map({ name in there.first { $0.name == name } }) ?? there.last else {
                    throw Diagnostics(missing(wanted, found, there))
                }
                guard !found.machine.uuid.isEmpty else { return nil }
                let newer = there.drop { $0.name != target.name }.dropFirst().map(\.name)
                if isAt(target, found), !cleans || newer.isEmpty { return nil }
                return Mapping([
                    ("current", Value(target.name)),
                    ("deleted", cleans ? Value(newer.map { Value($0) }) : false),
                ])
            },
            act: { found, fields in
                guard let target = fields["current"]?.string else { return }
                let snapshots = MachineSnapshots(call.context, driver: call.driver)
                _ = try await snapshots.revert(found.machine.uuid, to: target)
                for name in (fields["deleted"]?.list ?? []).reversed() {
                    if let name = name.string { try await snapshots.delete(name, of: found.machine.uuid) }
                }
            }
        ).answer(call)
    }

    private static func snapshots(
        _ found: MachineCensus.Found, _ call: VirtualCall
    ) async throws -> [DomainSnapshot] {
        if found.machine.uuid.isEmpty { return [] }
        return try await call.connected { connection in try await connection.snapshots(of: .uuid(found.machine.uuid)) }
    }

    private static func name(of found: MachineCensus.Found, time: String?, _ suffix: String?) -> String {
        ([found.machine.name] + [time, suffix].compactMap { $0 }).joined(separator: "-")
    }

    private static func isOne(_ name: String, of found: MachineCensus.Found, _ suffix: String?) -> Bool {
        let prefix = found.machine.name + "-"
        guard name.hasPrefix(prefix) else { return false }
        let rest = name.dropFirst(prefix.count)
        if rest == suffix ?? "snapshot" { return true }
        let time = rest.prefix { $0.isASCII && $0.isNumber }
        return time.count == 14 && rest.dropFirst(14) == (suffix.map { "-" + $0 } ?? "")
    }

    /// Whether the VM is exactly as it was then: brought back to it, and it has not run since.
    private static func isAt(_ snapshot: DomainSnapshot, _ found: MachineCensus.Found) -> Bool {
        let state = found.machine.state
        return snapshot.isCurrent && [.shutOff, .paused].contains(state.activity)
            && state.reasonName == "from snapshot"
    }

    private static func missing(
        _ wanted: String?, _ found: MachineCensus.Found, _ there: [DomainSnapshot]
    ) -> Diagnostic {
        guard let wanted else { return .error("\"\(found.machine.name)\" has no snapshot") }
        return .error(
            "\"\(found.machine.name)\" has no snapshot \"\(wanted)\"",
            hint: NearestName.hint(for: wanted, among: there.map(\.name)))
    }
}
