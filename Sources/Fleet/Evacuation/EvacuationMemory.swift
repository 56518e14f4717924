internal import Values

/// Hosts whose VMs were started elsewhere because they were lost. When such a host comes back it still has definitions of
/// VMs that run elsewhere: until those are removed it is given no VMs.
struct EvacuationMemory: Sendable {
    struct Entry: Sendable, Hashable {
        var at: String
        var by: String
        var operation: String
        var departures: [DrainRecord.Departure]

        init(at: String, by: String, operation: String, departures: [DrainRecord.Departure]) {
            self.at = at
            self.by = by
            self.operation = operation
            self.departures = departures
        }

        fileprivate init(_ value: Value) {
            self.init(
                at: value["at"]?.string ?? "", by: value["by"]?.string ?? "",
                operation: value["operation"]?.string ?? "",
                departures: (value["vms"]?.list ?? []).compactMap(DrainRecord.Departure.init))
        }

        fileprivate var value: Value {
            [
                "at": Value(at), "by": Value(by), "operation": Value(operation),
                "vms": Value(departures.map(\.value)),
            ]
        }

        /// Why the host is given no VMs.
        var words: String { "evacuated at \(at); `drover host undrain` takes it back" }
    }

    private let path: String

    init(_ fleet: FleetDirectory) { path = DiskPath.join(fleet.memory, "evacuated.json") }

    func entry(of host: String) -> Entry? { read()[host].map(Entry.init) }

    var entries: [String: Entry] {
        Dictionary(read().compactMap { key, value in key.string.map { ($0, Entry(value)) } }) { first, _ in first }
    }

    /// Adds to what is known of the host already.
    /// - Throws: ``FileError``; then nothing may be started elsewhere.
    func remember(_ entry: Entry, of host: String) throws(FileError) {
        var all = read()
        var entry = entry
        let news = Set(entry.departures.map(\.uuid))
        entry.departures += (all[host].map(Entry.init)?.departures ?? []).filter { !news.contains($0.uuid) }
        all[host] = entry.value
        try DiskPath.makeDirectory(DiskPath.parent(path), mode: 0o700)
        try DiskFile.write(Array(JSON.write(Value(all)).utf8), to: path, mode: 0o600)
    }

    func forget(_ host: String) throws(FileError) {
        var all = read()
        guard all[host] != nil else { return }
        all[host] = nil
        try DiskFile.write(Array(JSON.write(Value(all)).utf8), to: path, mode: 0o600)
    }

    private func read() -> Mapping {
        guard let text = try? DiskFile.readText(path) else { return Mapping() }
        return (try? JSON.read(SourceText(name: path, text: text)))?.map ?? Mapping()
    }
}
