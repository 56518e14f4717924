internal import Hypervisor
internal import Inventory
internal import Values

/// Plans moves of VMs that are there, by what every hypervisor has.
struct RelocationPlanning: Sendable {
    let context: FleetContext
    let driver: any HypervisorDriver

    /// What every hypervisor has, and each VM of those named with its disks and NICs.
    func survey(residences: Set<String>) async -> FleetSurvey {
        let began = Clock.monotonic
        var wants = StockGathering.Wants()
        wants.residences = residences
        wants.everyPool = true
        let answers = await StockGathering(context, driver: driver).gather(context.inventory.hosts, wants)
        return FleetSurvey(answers: answers, began: began)
    }

    /// The VMs of some hosts.
    /// - Throws: the ``HostProblem`` of a host that did not answer.
    func residents(of hosts: Set<String>, in survey: FleetSurvey) throws(HostProblem) -> [Resident] {
        var residents: [Resident] = []
        for answer in survey.answers where hosts.contains(answer.host.name) {
            _ = try answer.stock.get()
            residents += Resident.all(of: answer, context.inventory)
        }
        return residents
    }

    /// Hosts for VMs that leave theirs.
    /// - Parameters:
    ///   - closed: hosts that none of them may go to.
    ///   - allowed: where one may go, whatever its own labels say; nil for anywhere.
    ///   - words: what stands for that in messages.
    /// - Throws: `Diagnostics` for vars of hosts that cannot be.
    func plan(
        _ residents: [Resident], in survey: FleetSurvey, closed: Set<String>, words: String? = nil,
        allowed: (Resident) -> Set<String>? = { _ in nil }
    ) throws(Diagnostics) -> Relocation {
        let open = survey.answers.filter { !closed.contains($0.host.name) }
        var candidates: [PlacementRound.Candidate] = []
        for answer in open {
            let ratios = try OvercommitRatios(vars: answer.host.vars)
            candidates.append(
                .init(host: answer.host.name, stock: answer.stock.mapError(\.diagnostic), ratios: ratios))
        }
        var plan = Relocation()
        var leavers: [(resident: Resident, leaver: RelocationRound.Leaver)] = []
        for resident in residents {
            do throws(Diagnostics) {
                leavers.append((resident, try leaver(resident, open, allowed(resident), words)))
            } catch {
                plan.stays.append(resident.stay(error.all[0]))
            }
        }
        let places = RelocationRound.places(for: leavers.map(\.leaver), on: candidates)
        for (resident, place) in zip(leavers.map(\.resident), places) {
            switch place {
            case .success(let host): plan.moves.append(resident.move(to: host))
            case .failure(let reason): plan.stays.append(resident.stay(reason))
            }
        }
        // The large ones take longest.
        plan.moves.sort { ($1.memoryMiB, $0.vm) < ($0.memoryMiB, $1.vm) }
        return plan
    }

    /// - Throws: why it can move nowhere.
    private func leaver(
        _ resident: Resident, _ open: [StockGathering.Answer], _ allowed: Set<String>?, _ words: String?
    ) throws(Diagnostics) -> RelocationRound.Leaver {
        if let held = resident.present.hardware?.heldDevices.first, resident.machine.state.isActive {
            throw Diagnostics(
                .error("it holds a \(held)", detail: "it cannot move while it runs", hint: "detach it, or stop the VM"))
        }
        // Seen with QEMU 7.2 (an assertion in bdrv_inactivate_recurse): nobody can tell whether it has moved so before.
        if resident.machine.state.activity == .paused {
            throw Diagnostics(
                .error(
                    "it is paused", detail: "QEMU can end a guest that moves a second time without having run",
                    hint: "let it run with `drover vm resume \(resident.machine.name)`, or stop it"))
        }
        let own = try resident.place.map { expression throws(Diagnostics) in
            Set(try context.hosts(expression).map(\.name))
        }
        let both = allowed.map { hosts in own.map(hosts.intersection) ?? hosts } ?? own
        let demands = open.map { ($0.host.name, resident.demand(on: $0)) }
        let request = PlacementRound.Request(
            name: resident.machine.name, demands: Dictionary(demands) { first, _ in first }, allowed: both,
            place: own == nil ? words : resident.place)
        return RelocationRound.Leaver(
            request: request, affinity: resident.affinity, memoryMiB: resident.machine.memoryMiB)
    }
}
