internal import Hypervisor
package import Inventory
package import Values

/// What hypervisors are and have left, asked of their libvirt.
package struct HypervisorNodes: Sendable {
    /// One hypervisor's answer.
    package struct Node: Sendable {
        fileprivate let info: HostInfo
        fileprivate let machines: [DomainSummary]
        /// Why it is given no VMs; nil when it is in service. Nil too when it did not say: then ``isServiceUnknown``.
        package var outOfService: String?
        package var isServiceUnknown = false
        /// Nil when it is not drained.
        package var drain: DrainMark?

        package var cpus: Int { info.cpus }
        /// Processors that running VMs have not been given; below 0 where more were given than there are.
        package var freeCPUs: Int { info.cpus - machines.filter(\.state.isActive).reduce(0) { $0 + $1.cpus } }
        package var memoryMiB: Int { info.memoryMiB }
        /// Nil where the driver cannot tell.
        package var freeMemoryMiB: Int? { info.freeMemoryMiB }
        package var runningMachines: Int { machines.count { $0.state.isActive } }
        package var allMachines: Int { machines.count }
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// In the order of `hosts`, nil for those that are no hypervisors; within the context's time.
    package func ask(_ hosts: [Host]) async -> [Result<Node, HostProblem>?] {
        let answers = await fanOut(hosts, limit: max(context.parallel, 1024)) { host -> Result<Node, HostProblem>? in
            guard host.isHypervisor else { return nil }
            return await within(context.timeout) { await node(host) }
                ?? .failure(.silent(host, after: context.timeout))
        }
        DrainMemory(context.directory).remember(
            zip(hosts, answers).compactMap { host, answer in
                guard case .success(let node)? = answer, !node.isServiceUnknown else { return nil }
                return (host.name, node.drain)
            })
        return answers
    }

    private func node(_ host: Host) async -> Result<Node, HostProblem> {
        async let system = HostSystem.ask(host, context.connector)
        var answer = await hypervisor(host)
        if case .success(var node) = answer {
            switch await system {
            case .success(let told):
                node.outOfService = host.vars["maintenance"]?.bool == true ? "the inventory says so" : told.outOfService
                node.drain = told.drain
            case .failure: node.isServiceUnknown = true
            }
            answer = .success(node)
        }
        return answer
    }

    private func hypervisor(_ host: Host) async -> Result<Node, HostProblem> {
        do throws(HostProblem) {
            let connection = try await driver.connect(to: host)
            do throws(HypervisorError) {
                let info = try await connection.hostInfo()
                let machines = try await connection.domains()
                await connection.close()
                return .success(Node(info: info, machines: machines))
            } catch {
                await connection.close()
                throw HostProblem(error, host: host.name)
            }
        } catch {
            return .failure(error)
        }
    }
}

extension HypervisorNodes.Node {
    /// Stable API: programs read these keys.
    package var value: Value {
        let guests = info.capabilities.guests.map { guest -> Value in
            [
                "architecture": Value(guest.architecture),
                "accelerators": Value(guest.accelerators.map { Value($0) }),
            ]
        }
        return Value(
            Mapping([
                ("hostname", Value(info.hostname)), ("uuid", Value(info.uuid)),
                ("libvirt", Value(info.libvirtVersion.description)),
                ("hypervisor", info.hypervisorVersion.map { Value($0.description) } ?? .null),
                ("architecture", Value(info.architecture)), ("kvm", Value(info.capabilities.hasKVM(info.architecture))),
                ("cpus", Value(cpus)), ("free_cpus", Value(freeCPUs)), ("memory_mib", Value(memoryMiB)),
                ("free_memory_mib", freeMemoryMiB.map { Value($0) } ?? .null),
                ("running_vms", Value(runningMachines)), ("vms", Value(allMachines)), ("guests", Value(guests)),
                ("migration", Value(info.capabilities.migrationTransports.map { Value($0) })),
                ("in_service", isServiceUnknown ? .null : Value(outOfService == nil)),
                ("out_of_service", outOfService.map { Value($0) } ?? .null), ("drained", drain?.value ?? .null),
            ]))
    }
}
