package import Inventory
package import Logging
package import Values

/// What an operation works with: a fleet's files, read once, and the way to its hosts.
package struct FleetContext: Sendable {
    package let directory: FleetDirectory
    package let inventory: Inventory
    package let connector: any Connector
    /// How many hosts are worked on at once.
    package let parallel: Int
    /// How long a host may take to answer where nothing but its answer is waited for.
    package let timeout: Duration
    /// What is told to those who want to know how the work goes; never a secret.
    package let logger: Logger
    /// The locks that this process holds on hosts.
    let locks: LockPosts
    /// Where hosts keep them.
    let lockPlaces: LockPlaces

    package init(
        directory: FleetDirectory, inventory: Inventory, connector: any Connector, parallel: Int,
        timeout: Duration = .seconds(10), lockPlaces: LockPlaces = LockPlaces(),
        logger: Logger = Logger(label: "drover") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.logger = logger
        self.lockPlaces = lockPlaces
        locks = LockPosts(lockPlaces)
        self.directory = directory
        self.inventory = inventory
        self.connector = connector
        self.parallel = parallel
        self.timeout = timeout
    }

    /// The hosts of a target expression, all hosts when there is none.
    /// - Throws: `Diagnostics` for an unknown name, or for an expression that no host matches.
    package func hosts(_ target: String?) throws(Diagnostics) -> [Host] {
        guard let target else { return inventory.hosts }
        let needsFacts = target.contains("fact:")
        let facts = needsFacts ? FactCache(directory).readAll() : [:]
        let last = LastRun(directory).read()
        let chosen = try inventory.select(target, facts: facts, failed: last?.failed, unreachable: last?.unreachable)
        guard !chosen.isEmpty else {
            throw Diagnostics(
                .error(
                    "no host matches \"\(target)\"",
                    hint: needsFacts ? "facts are remembered from `drover host facts` and `drover apply`" : nil))
        }
        return chosen
    }

    /// The host of a name.
    package func host(named name: String) throws(Diagnostics) -> Host {
        if let host = inventory.hosts.first(where: { $0.name == name }) { return host }
        let near = NearestName.of(name, among: inventory.hosts.map(\.name)).map { "did you mean \"\($0)\"?" }
        throw Diagnostics(.error("there is no host \"\(name)\" in the inventory", hint: near))
    }
}
