internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

extension CommonOptions {
    /// The hosts that words on the command line name: names, groups, globs. In the inventory's order.
    /// - Throws: `Diagnostics` for a word that names none.
    func hosts(named words: [String], _ context: FleetContext) throws -> [Host] {
        var names: Set<String> = []
        for word in words { names.formUnion(try context.hosts(word).map(\.name)) }
        return context.inventory.hosts.filter { names.contains($0.name) }
    }

    /// The same for those that have to be hypervisors.
    func hypervisors(named words: [String], _ context: FleetContext) throws -> [Host] {
        let hosts = try hosts(named: words, context)
        if let other = hosts.first(where: { !$0.isHypervisor }) {
            throw Diagnostics(
                .error("\"\(other.name)\" is no hypervisor", hint: "roles: [hypervisor] makes one", host: other.name))
        }
        return hosts
    }
}
