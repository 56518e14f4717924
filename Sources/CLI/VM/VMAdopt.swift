internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMAdopt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Take in VMs that Drover did not make",
        discussion: """
            Notes in each that it is Drover's, and prints its entry for inventory/vms.yaml. Nothing else changes: the VM \
            goes on as it is, and what it has for disks now is never deleted with it, whatever it is called.

            EXAMPLES
              drover vm adopt db1 --write
              drover vm adopt --all -t hv3
            """)
    @Argument(help: "VMs") var names: [String] = []
    @Flag(help: "All that the hosts of -t have and that are not Drover's") var all = false
    @Flag(help: "Write the entries to inventory/vms.yaml") var write = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard names.isEmpty == all else { throw ValidationError("name VMs, or say --all with -t HOST") }
        guard !all || common.target != nil else { throw ValidationError("--all needs hosts: add -t HOST") }
    }

    func run() async throws {
        let context = try common.context()
        let adoption = MachineAdoption(context, driver: try common.hypervisors(context))
        var problems: [HostProblem] = []
        var wanted = names
        if all { (wanted, problems) = await adoption.candidates(on: try context.hosts(common.target)) }
        var adopted: [MachineAdoption.Adopted] = []
        for name in wanted {
            do {
                adopted.append(try await adoption.adopt(name))
            } catch {
                // What was taken in before is told of all the same.
                problems.append(HostProblem(error))
            }
        }
        for one in adopted {
            Terminal.show(one.warnings)
            Terminal.note(one.isNew ? "\(one.name) on \(one.host) is Drover's now" : "\(one.name) is Drover's already")
        }
        let entries = adopted.map { ($0.name, $0.entry) }
        let value: Value = ["vms": Value(Mapping(entries.map { ($0.0, Value($0.1)) }))]
        Output.write(value, common.format) { entries.isEmpty ? "" : YAML.write(value) }
        if write {
            let listed = Set(context.inventory.machines.map(\.name))
            do {
                try MachineFile(context.directory).append(entries.filter { !listed.contains($0.0) })
            } catch {
                problems.append(HostProblem(error))
            }
        }
        try failIfAny(problems)
    }
}
