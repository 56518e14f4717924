/// A state of a domain that it can be brought back to.
public struct DomainSnapshot: Sendable, Hashable {
    /// What a snapshot keeps of one disk.
    public struct Disk: Sendable, Hashable {
        public var target: String
        /// `internal` (inside the qcow2 image), `external` (a further file), or `no`.
        public var kind: String
    }

    public var name: String
    public var note: String?
    /// Seconds since 1970.
    public var created: Int
    /// What the domain was doing: `running`, `paused`, `shutoff`, `disk-snapshot`.
    public var state: String
    public var parent: String?
    /// Whether the domain's present state follows from this one.
    public var isCurrent: Bool
    /// Whether the guest's memory is in it.
    public var hasMemory: Bool
    public var disks: [Disk]

    init(_ document: XMLElement, isCurrent: Bool) {
        name = document.first("name")?.text ?? ""
        note = document.first("description")?.text
        created = document.first("creationTime").flatMap { Int($0.text) } ?? 0
        state = document.first("state")?.text ?? ""
        parent = document.first("parent", "name")?.text
        self.isCurrent = isCurrent
        hasMemory = document.first("memory").map { $0[attribute: "snapshot"] != "no" } ?? (state == "running")
        disks = (document.first("disks")?.all("disk") ?? []).map {
            Disk(target: $0[attribute: "name"] ?? "", kind: $0[attribute: "snapshot"] ?? "")
        }
    }

    /// Each behind the one that it follows, else the older first: times are whole seconds, so they do not tell all.
    static func inOrder(_ snapshots: [DomainSnapshot]) -> [DomainSnapshot] {
        func depth(_ snapshot: DomainSnapshot) -> Int {
            var (depth, above) = (0, snapshot.parent)
            while let name = above, depth < snapshots.count {
                depth += 1
                above = snapshots.first { $0.name == name }?.parent
            }
            return depth
        }
        return snapshots.map { ($0, depth($0)) }
            .sorted { ($0.0.created, $0.1, $0.0.name) < ($1.0.created, $1.1, $1.0.name) }.map(\.0)
    }
}
