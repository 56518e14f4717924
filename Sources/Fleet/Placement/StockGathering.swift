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
        /// Hosts that are looked at as places for VMs; of others only their VMs are asked for. Nil for all.
        var places: Set<String>?
    }

    struct Answer: Sendable {
        let host: Host
        let census: MachineCensus.Answer
        let stock: Result<HostStock, HostProblem>
        /// Its VMs; those that were asked for with disks and NICs.
        var present: [PresentMachine] = []
    }

    /// What one connection tells.
    private struct Told: Sendable {
        var stock: HostStock
        var machines: [DomainSummary]
        var present: [PresentMachine] = []
        /// Of volumes, by path.
        var capacities: [String: Int] = [:]
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// In the hosts' order; those that are no hypervisors are left out.
    func gather(_ hosts: [Host], _ wants: Wants = Wants()) async -> [Answer] {
        let answers = await fanOut(hosts.filter(\.isHypervisor), limit: context.parallel) { host in
            if let places = wants.places, !places.contains(host.name) { return await passed(host) }
            async let system = HostSystem.ask(host, context.connector)
            do throws(HostProblem) {
                var told = try await told(by: host, wants)
                await system.add(to: &told.stock)
                if host.vars["maintenance"]?.bool == true { told.stock.maintenance = "the inventory says so" }
                return Answer(
                    host: host, census: .init(host: host, machines: .success(told.machines)),
                    stock: .success(told.stock), present: told.present)
            } catch {
                _ = await system
                return Answer(host: host, census: .init(host: host, machines: .failure(error)), stock: .failure(error))
            }
        }
        MachineMemory(context.directory).remember(answers.map(\.census))
        return answers
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
                told.present.append(try await Self.present(machine, host, told, wants, connection))
            }
            await connection.close()
            return told
        } catch {
            await connection.close()
            throw HostProblem(error, host: host.name)
        }
    }

    private static func present(
        _ machine: DomainSummary, _ host: Host, _ told: Told, _ wants: Wants, _ connection: HypervisorConnection
    ) async throws(HypervisorError) -> PresentMachine {
        guard wants.machines.contains(machine.name) else { return PresentMachine(machine, on: host) }
        let reference = DomainReference.uuid(machine.uuid)
        let defined = try await connection.description(of: reference, .inactive)
        let live = machine.state.isActive ? try await connection.description(of: reference) : nil
        return PresentMachine(machine, on: host, defined: defined, live: live, capacities: told.capacities)
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
        for pool in try await connection.pools() {
            var promised = 0
            if pool.isActive, wants.pools.contains(pool.name) {
                let volumes = try await connection.volumes(in: pool.name)
                promised = volumes.reduce(0) { $0 + Int(clamping: max($1.capacity, $1.allocation)) }
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
        return Told(stock: stock, machines: machines, capacities: capacities)
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
