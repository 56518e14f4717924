internal import Inventory
package import Values

/// Which hosts were drained when they were last asked: what is said of them without asking.
package struct DrainMemory: Sendable {
    private let path: String

    package init(_ fleet: FleetDirectory) { path = DiskPath.join(fleet.memory, "drained.json") }

    /// - Parameter seen: hosts that answered, with their marks.
    func remember(_ seen: [(host: String, mark: DrainMark?)]) {
        let before = read()
        var marks = before
        for (host, mark) in seen { marks[host] = mark?.value }
        guard marks != before, (try? DiskPath.makeDirectory(DiskPath.parent(path), mode: 0o700)) != nil else { return }
        try? DiskFile.write(Array(JSON.write(Value(marks)).utf8), to: path, mode: 0o600)
    }

    /// Nil for one that was in service.
    package func mark(of host: String) -> DrainMark? { read()[host].map(DrainMark.init) }

    private func read() -> Mapping {
        guard let text = try? DiskFile.readText(path) else { return Mapping() }
        return (try? JSON.read(SourceText(name: path, text: text)))?.map ?? Mapping()
    }
}
