internal import Hypervisor

/// What the states of a check foretold so far, so that later ones see the host as it would be by then.
package actor Foresight {
    /// Whether the VM would run, by name.
    private var machines: [String: Bool] = [:]
    private var pools: [String: Store] = [:]
    private var networks: [String: Store] = [:]
    private var volumes: Set<String> = []
    private var snapshots: Set<String> = []

    /// What would be of a pool or a network.
    enum Store: Sendable { case absent, defined, running }

    package init() {}

    /// Whether anything is foretold that a new VM may stand on.
    var hasStores: Bool { !pools.isEmpty || !networks.isEmpty || !volumes.isEmpty }

    func foresee(machine name: String, running: Bool) { machines[name] = running }
    func foresee(pool name: String, _ what: Store) { pools[name] = what }
    func foresee(network name: String, _ what: Store) { networks[name] = what }
    func foresee(volume name: String, in pool: String) { volumes.insert("\(pool)/\(name)") }
    func foresee(snapshot name: String, of machine: String) { snapshots.insert("\(machine)/\(name)") }

    /// Nil when nothing is foretold of it.
    func pool(_ name: String) -> Store? { pools[name] }
    func network(_ name: String) -> Store? { networks[name] }
    func hasVolume(_ name: String, in pool: String) -> Bool { volumes.contains("\(pool)/\(name)") }
    func hasSnapshot(_ name: String, of machine: String) -> Bool { snapshots.contains("\(machine)/\(name)") }

    /// A host's VMs as they would be by now. One that would be new has no UUID.
    func machines(_ there: [DomainSummary]) -> [DomainSummary] {
        var result = there.map { machine in
            guard let running = machines[machine.name], running != machine.state.isActive else { return machine }
            var later = machine
            later.state = DomainState(activity: running ? .running : .shutOff)
            return later
        }
        let known = Set(there.map(\.name))
        for (name, running) in machines.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
            let state = DomainState(activity: running ? .running : .shutOff)
            result.append(DomainSummary(name: name, uuid: "", state: state, cpus: 0, memoryMiB: 0))
        }
        return result
    }
}
