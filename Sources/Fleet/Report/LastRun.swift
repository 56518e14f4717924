internal import Inventory
internal import Values

/// Which hosts failed and which were not reached in the last state run: what the targets `@failed` and `@unreachable` mean.
package struct LastRun: Sendable {
    package struct Hosts: Sendable {
        package let failed: Set<String>
        package let unreachable: Set<String>
    }

    private let path: String

    package init(_ fleet: FleetDirectory) { path = DiskPath.join(fleet.memory, "last-run.json") }

    /// Remembering is a convenience: that it fails is no reason to fail a run.
    package func write(_ reports: [HostReport]) {
        let record: Value = [
            "failed": Value(reports.filter(\.hasFailed).map { Value($0.host.name) }),
            "unreachable": Value(reports.filter(\.isUnreachable).map { Value($0.host.name) }),
        ]
        guard (try? DiskPath.makeDirectory(DiskPath.parent(path), mode: 0o700)) != nil else { return }
        try? DiskFile.write(Array(JSON.write(record).utf8), to: path, mode: 0o600)
    }

    /// Nil before the first run.
    package func read() -> Hosts? {
        guard let text = try? DiskFile.readText(path), let record = try? JSON.read(SourceText(name: path, text: text))
        else { return nil }
        func names(_ key: String) -> Set<String> { Set(record[key]?.list?.compactMap(\.string) ?? []) }
        return Hosts(failed: names("failed"), unreachable: names("unreachable"))
    }
}
