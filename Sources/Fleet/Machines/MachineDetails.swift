internal import Hypervisor
internal import Inventory
package import Values

/// All that is known of one VM.
package struct MachineDetails: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Throws: `Diagnostics` when there is no such VM, ``HostProblem`` when its host stops answering.
    package func show(_ name: String) async throws -> Value {
        let found = try await MachineCensus(context, driver: driver).find(name)
        let connection = try await driver.connect(to: found.host)
        let description: DomainDescription
        do throws(HypervisorError) {
            description = try await connection.description(of: .uuid(found.machine.uuid))
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
        let addresses = await MachineListing.addresses(of: found.machine, over: connection)
        await connection.close()
        let machine = found.machine
        return Value(
            Mapping([
                ("name", Value(machine.name)), ("uuid", Value(machine.uuid)), ("host", Value(found.host.name)),
                ("state", Value(machine.state.activity.name)), ("reason", Value(machine.state.reasonName)),
                ("cpus", Value(machine.cpus)), ("memory_mib", Value(machine.memoryMiB)),
                ("machine", Value(description.machine)), ("accelerator", Value(description.type)),
                ("autostart", Value(machine.autostart)), ("image", machine.image.map { Value($0) } ?? .null),
                ("operation", machine.metadata?.operation.map { Value($0) } ?? .null),
                ("addresses", Value(addresses.map { Value($0) })), ("disks", Value(description.disks.map(Self.disk))),
                ("interfaces", Value(description.interfaces.map(Self.interface))),
            ]))
    }

    private static func disk(_ disk: DiskDescription) -> Value {
        [
            "target": Value(disk.target), "device": Value(disk.device.rawValue),
            "bus": disk.bus.map { Value($0) } ?? .null,
            "format": disk.format.map { Value($0) } ?? .null, "path": disk.source?.path.map { Value($0) } ?? .null,
            "backing": Value(disk.backing.compactMap { $0.path.map { Value($0) } }),
        ]
    }

    private static func interface(_ interface: InterfaceDescription) -> Value {
        [
            "mac": Value(interface.mac), "type": Value(interface.type),
            "source": interface.source.map { Value($0) } ?? .null, "model": interface.model.map { Value($0) } ?? .null,
        ]
    }
}
