/// Which SLS files of those named on the command line a host gets.
package struct HostRoles: Sendable {
    /// The roles (SLS names) that the inventory assigns to the host, in order.
    package let assigned: [String]

    package init(assigned: [String]) { self.assigned = assigned }

    /// Whether an SLS is assigned, itself or as a part of an assigned role (`hypervisor.network` of `hypervisor`).
    package func isAssigned(_ sls: String) -> Bool {
        assigned.contains { $0 == sls || sls.hasPrefix($0 + ".") }
    }

    /// The SLS files to compile, each once, in the order in which they are named.
    /// - Parameters:
    ///   - named: what was asked for; nothing means all that is assigned.
    ///   - regardless: also what is not assigned, as for hosts that were named too.
    package func sls(named: [String] = [], regardless: Bool = false) -> [String] {
        let wanted = named.isEmpty ? assigned : named.filter { regardless || isAssigned($0) }
        var seen: Set<String> = []
        return wanted.filter { seen.insert($0).inserted }
    }
}
