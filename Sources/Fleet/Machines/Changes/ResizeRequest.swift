package import Values

/// What a VM is to have; nil where nothing is said.
package struct ResizeRequest: Sendable {
    /// When changes are to take effect.
    package enum Scope: String, Sendable {
        /// Now as far as the guest can take it, and at every later start.
        case both
        /// Now only; the next start is as before.
        case live
        /// At the next start only.
        case next
    }

    /// One disk's new size.
    package struct Disk: Sendable {
        /// Nil: the system disk.
        package var name: String?
        package var size: ByteSize

        package init(name: String?, size: ByteSize) {
            self.name = name
            self.size = size
        }

        /// Reads `40G` or `data=40G`; nil for anything else.
        package init?(_ text: String) {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard let size = parts.last.flatMap({ ByteSize($0) }), !text.hasPrefix("=") else { return nil }
            self.init(name: parts.count == 2 ? parts[0] : nil, size: size)
        }
    }

    package var cpus: Int?
    package var maximumCPUs: Int?
    package var memory: ByteSize?
    package var maximumMemory: ByteSize?
    package var disks: [Disk] = []
    package var scope = Scope.both

    package init() {}

    /// - Throws: what cannot be, whatever the VM is.
    package func validate() throws(Diagnostics) {
        var problems: [Diagnostic] = []
        for count in [cpus, maximumCPUs].compactMap({ $0 }) where !(1...1024).contains(count) {
            problems.append(.error("a VM has 1 to 1024 processors, not \(count)"))
        }
        for size in [memory, maximumMemory].compactMap({ $0 }) where size.mebibytes < 16 {
            problems.append(.error("a VM needs at least 16 MiB of memory, not \(size)"))
        }
        if let cpus, let maximumCPUs, cpus > maximumCPUs {
            problems.append(.error("\(cpus) processors are more than the maximum of \(maximumCPUs)"))
        }
        if let memory, let maximumMemory, memory.bytes > maximumMemory.bytes {
            problems.append(.error("\(memory) of memory are more than the maximum of \(maximumMemory)"))
        }
        if cpus == nil, maximumCPUs == nil, memory == nil, maximumMemory == nil, disks.isEmpty {
            problems.append(.error("nothing is to be resized", hint: "say --cpus, --memory or --disk"))
        }
        if scope == .live, maximumCPUs != nil || maximumMemory != nil {
            problems.append(.error("a maximum takes effect at the next start only", hint: "leave out --live-only"))
        }
        if scope == .next, !disks.isEmpty {
            problems.append(.error("a disk's new size takes effect at once", hint: "leave out --next-boot"))
        }
        if let found = Diagnostics(problems) { throw found }
    }

    /// For the journal.
    var fields: Mapping {
        var fields = Mapping([("scope", Value(scope.rawValue))])
        if let cpus { fields["cpus"] = Value(cpus) }
        if let maximumCPUs { fields["max_cpus"] = Value(maximumCPUs) }
        if let memory { fields["memory"] = Value(memory.bytes) }
        if let maximumMemory { fields["max_memory"] = Value(maximumMemory.bytes) }
        fields["disks"] = Value(
            disks.map {
                Value(Mapping([("name", $0.name.map { Value($0) } ?? .null), ("size", Value($0.size.bytes))]))
            })
        return fields
    }

    /// From the journal.
    init(_ record: OperationRecord) {
        cpus = record["cpus"]?.int
        maximumCPUs = record["max_cpus"]?.int
        memory = record["memory"]?.int.map { ByteSize(bytes: $0) }
        maximumMemory = record["max_memory"]?.int.map { ByteSize(bytes: $0) }
        scope = record["scope"]?.string.flatMap { Scope(rawValue: $0) } ?? .both
        disks = (record["disks"]?.list ?? []).compactMap { disk in
            disk["size"]?.int.map { Disk(name: disk["name"]?.string, size: ByteSize(bytes: $0)) }
        }
    }
}
