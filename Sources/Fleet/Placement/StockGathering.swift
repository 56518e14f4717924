internal import Hypervisor
internal import Inventory
internal import Values

/// Asks hosts what they have: one connection to each one's libvirt and one script over SSH, both at once.
struct StockGathering: Sendable {
    /// What is to be looked at besides what is always told.
    struct Wants: Sendable {
        var pools: Set<String> = [MachinePlacement.standardPool]
        /// Whether processor models are asked for, which takes libvirt longest.
        var processors = false
        /// VMs whose definitions are looked at.
        var machines: Set<String> = []
        /// Hosts all of whose VMs' definitions are looked at.
        var residences: Set<String> = []
        /// Whether all pools are looked at, and not just those named.
        var everyPool = false
        /// Hosts that are looked at as places for VMs; of others only their VMs are asked for. Nil for all.
        var places: Set<String>?
        /// Whether connections to places are left open for who goes on there.
        var keepsConnections = false
    }

    /// A connection that was left open, and what it told that is of further use.
    struct Open: Sendable {
        let connection: HypervisorConnection
        let info: HostInfo
        let pools: [PoolInfo]
    }

    struct Answer: Sendable {
        let host: Host
        let census: MachineCensus.Answer
        let stock: Result<HostStock, HostProblem>
        /// Its VMs; those that were asked for with disks and NICs.
        var present: [PresentMachine] = []
        var open: Open?
        var pools: [PoolInfo] = []
        /// Of the pools that were asked about.
        var volumes: Set<PoolVolume> = []
    }

    /// What one connection tells.
    private struct Told: Sendable {
        var stock: HostStock
        var machines: [DomainSummary]
        var info: HostInfo
        var pools: [PoolInfo]
        var present: [PresentMachine] = []
        var open: Open?
        /// Of volumes, by path.
        var capacities: [String: Int] = [:]
        /// Of the pools that were asked about.
        var volumes: Set<PoolVolume> = []

        mutating func forget(_ machine: DomainSummary) {
            machines.removeAll { $0.uuid == machine.uuid }
            stock.machines.removeAll { $0.name == machine.name }
        }
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// In the hosts' order; those that are no hypervisors are left out.
    func gather(_ hosts: [Host], _ wants: Wants = Wants()) async -> [Answer] {
        let limit = context.timeout * Self.patience
        let answers = await fanOut(hosts.filter(\.isHypervisor), limit: context.parallel) { host in
            if let answer = await within(limit, { await answer(of: host, wants) }) { return answer }
            let silent = HostProblem.silent(host, after: limit)
            return Answer(host: host, census: .init(host: host, machines: .failure(silent)), stock: .failure(silent))
        }
        MachineMemory(context.directory).remember(answers.map(\.census))
        DrainMemory(context.directory).remember(
            answers.compactMap { answer in
                guard case .success(let stock) = answer.stock, !stock.isMaintenanceUnknown else { return nil }
                return (answer.host.name, stock.drain)
            })
        return answers
    }

    /// Times that a connection may take, for all that is asked over it: a host with many volumes tells of them for seconds.
    private static let patience = 3

    private func answer(of host: Host, _ wants: Wants) async -> Answer {
        if let places = wants.places, !places.contains(host.name) { return await passed(host) }
        async let system = HostSystem.ask(host, context.connector)
        do throws(HostProblem) {
            var told = try await told(by: host, wants)
            await system.add(to: &told.stock)
            if host.vars["maintenance"]?.bool == true { told.stock.maintenance = "the inventory says so" }
            if let entry = EvacuationMemory(context.directory).entry(of: host.name) {
                told.stock.maintenance = entry.words
            }
            return Answer(
                host: host, census: .init(host: host, machines: .success(told.machines)), stock: .success(told.stock),
                present: told.present, open: told.open, pools: told.pools, volumes: told.volumes)
        } catch {
            _ = await system
            return Answer(host: host, census: .init(host: host, machines: .failure(error)), stock: .failure(error))
        }
    }

    /// A host that is no place for VMs: which it has is all that matters.
    private func passed(_ host: Host) async -> Answer {
        let notAsked = HostProblem(.failed, .error("it was not asked what it has", host: host.name))
        do throws(HostProblem) {
            let connection = try await driver.connect(to: host)
            do throws(HypervisorError) {
                let machines = try await connection.domains()
                await connection.close()
                return Answer(
                    host: host, census: .init(host: host, machines: .success(machines)), stock: .failure(notAsked))
            } catch {
                await connection.close()
                throw HostProblem(error, host: host.name)
            }
        } catch {
            return Answer(host: host, census: .init(host: host, machines: .failure(error)), stock: .failure(error))
        }
    }

    private func told(by host: Host, _ wants: Wants) async throws(HostProblem) -> Told {
        let connection = try await driver.connect(to: host)
        do throws(HypervisorError) {
            var told = try await Self.stock(over: connection, wants)
            for machine in told.machines {
                if let present = try await Self.present(machine, host, told, wants, connection) {
                    told.present.append(present)
                } else {
                    told.forget(machine)
                }
            }
            if wants.keepsConnections {
                told.open = Open(connection: connection, info: told.info, pools: told.pools)
            } else {
                await connection.close()
            }
            return told
        } catch {
            await connection.close()
            throw HostProblem(error, host: host.name)
        }
    }

    /// - Returns: nil for one that was deleted or moved away since it was listed: the host is none the worse for it.
    private static func present(
        _ machine: DomainSummary, _ host: Host, _ told: Told, _ wants: Wants, _ connection: HypervisorConnection
    ) async throws(HypervisorError) -> PresentMachine? {
        guard wants.machines.contains(machine.name) || wants.residences.contains(host.name) else {
            return PresentMachine(machine, on: host)
        }
        let reference = DomainReference.uuid(machine.uuid)
        do throws(HypervisorError) {
            let defined = try await connection.description(of: reference, .inactive)
            let live = machine.state.isActive ? try await connection.description(of: reference) : nil
            return PresentMachine(machine, on: host, defined: defined, live: live, capacities: told.capacities)
        } catch {
            guard error.code == .noDomain else { throw error }
            return nil
        }
    }

    /// The volumes of a pool that was active when it was listed; nil for one that is not any more.
    private static func volumes(
        in pool: String, _ connection: HypervisorConnection
    ) async throws(HypervisorError) -> [VolumeInfo]? {
        do throws(HypervisorError) {
            return try await connection.volumes(in: pool)
        } catch {
            guard [.noPool, .operationInvalid].contains(error.code) else { throw error }
            guard try await connection.pool(pool)?.isActive != true else { throw error }
            return nil
        }
    }

    private static func stock(
        over connection: HypervisorConnection, _ wants: Wants
    ) async throws(HypervisorError) -> Told {
        let info = try await connection.hostInfo()
        let machines = try await connection.domains()
        let guests = info.capabilities.guests.map { ($0.architecture, $0.accelerators.contains("kvm")) }
        var stock = HostStock(
            guests: Dictionary(guests) { $0 || $1 }, cpus: info.cpus, memoryMiB: info.memoryMiB,
            availableMiB: info.freeMemoryMiB, machines: machines.map(HostStock.Machine.init))
        var capacities: [String: Int] = [:]
        var known: Set<PoolVolume> = []
        var pools = try await connection.pools()
        for (index, pool) in pools.enumerated() {
            var promised = 0
            if pool.isActive, wants.everyPool || wants.pools.contains(pool.name) {
                guard let volumes = try await Self.volumes(in: pool.name, connection) else {
                    pools[index].isActive = false
                    stock.pools[pool.name] = HostStock.Pool(isActive: false, capacity: 0, available: 0)
                    continue
                }
                known.formUnion(volumes.map { PoolVolume(pool: pool.name, name: $0.name) })
                // Copies that are kept for a while after a move grow no more.
                promised = volumes.reduce(0) { sum, volume in
                    let isKept = volume.name.contains(".moved-")
                    return sum + Int(clamping: isKept ? volume.allocation : max(volume.capacity, volume.allocation))
                }
                stock.volumes.formUnion(volumes.map(\.name))
                for volume in volumes {
                    capacities[volume.path] = Int(clamping: volume.capacity)
                    capacities["\(pool.name)/\(volume.name)"] = Int(clamping: volume.capacity)
                }
            }
            stock.pools[pool.name] = HostStock.Pool(
                isActive: pool.isActive, capacity: Int(clamping: pool.capacity),
                available: Int(clamping: pool.available), promised: promised)
        }
        for network in try await connection.networks() { stock.networks[network.name] = network.isActive }
        if wants.processors { stock.processors = try await processors(over: connection, info) }
        return Told(
            stock: stock, machines: machines, info: info, pools: pools, capacities: capacities, volumes: known)
    }

    /// The models that libvirt calls usable, with those it knows of no obstacle for.
    private static func processors(
        over connection: HypervisorConnection, _ info: HostInfo
    ) async throws(HypervisorError) -> Set<String> {
        let kind = GuestKind(
            accelerator: info.capabilities.hasKVM(info.architecture) ? .kvm : .emulation,
            architecture: info.architecture)
        let document = try await connection.domainCapabilities(for: kind)
        let modes = document.first("cpu")?.all("mode") ?? []
        let custom = modes.first { $0[attribute: "name"] == "custom" }
        return Set((custom?.all("model") ?? []).filter { $0[attribute: "usable"] != "no" }.map(\.text))
    }
}

extension HostStock.Machine {
    init(_ machine: DomainSummary) {
        self.init(
            name: machine.name, cpus: machine.cpus, memoryMiB: machine.memoryMiB,
            isReserving: machine.state.isActive || machine.autostart,
            spread: Set(machine.metadata?.spread ?? []), affinity: Set(machine.metadata?.affinity ?? []))
    }
}
