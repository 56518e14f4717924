package import Values

/// The facts that hosts told last, one file a host, for targets such as `fact:os_family=Debian`.
package struct FactCache: Sendable {
    let directory: String

    package init(_ fleet: FleetDirectory) { directory = fleet.factCache }

    /// Remembering is a convenience: that it fails is no reason to fail a run.
    package func write(_ facts: Mapping, of host: String) {
        guard (try? DiskPath.makeDirectory(directory, mode: 0o700)) != nil else { return }
        let text = JSON.write(Value(facts))
        try? DiskFile.write(Array(text.utf8), to: DiskPath.join(directory, host + ".json"), mode: 0o600)
    }

    package func readAll() -> [String: Value] {
        var all: [String: Value] = [:]
        for name in DiskPath.list(directory) where name.hasSuffix(".json") {
            let path = DiskPath.join(directory, name)
            guard let text = try? DiskFile.readText(path),
                let facts = try? JSON.read(SourceText(name: path, text: text))
            else { continue }
            all[String(name.dropLast(5))] = facts
        }
        return all
    }
}
