extension PoolSpec {
    /// The definition as text.
    /// - Throws: for what libvirt could not make sense of, with what is missing.
    public func xml() throws(HypervisorError) -> String {
        let operation = "write the definition of pool \"\(name)\""
        guard !name.isEmpty, !name.contains("/") else {
            throw .invalid(operation, "\"\(name)\" cannot be a pool's name")
        }
        if let target, !target.hasPrefix("/") {
            throw .invalid(operation, "the path of a pool must be absolute, found \"\(target)\"")
        }
        let missing = missingParts
        guard missing.isEmpty else {
            throw .invalid(operation, "a pool of type \"\(kind.rawValue)\" needs \(missing.joined(separator: " and "))")
        }
        do {
            return try PoolXML.element(self).written()
        } catch {
            throw .invalid(operation, error.message)
        }
    }

    /// What a pool of this kind cannot do without and is not said.
    private var missingParts: [String] {
        let parts: [(name: String, isSaid: Bool)] = [
            ("a target directory", target != nil), ("a source device", !source.devices.isEmpty),
            ("a source directory", source.directory != nil), ("a source host", !source.servers.isEmpty),
            ("a source name", source.name != nil), ("an adapter", source.adapter != nil),
            ("an initiator", source.initiator != nil),
        ]
        let needed: [String] =
            switch kind {
            case .dir: ["a target directory"]
            case .fs, .disk: ["a target directory", "a source device"]
            case .netfs: ["a target directory", "a source host", "a source directory"]
            case .logical: source.devices.isEmpty ? ["a source name"] : []
            case .iscsi: ["a target directory", "a source host", "a source device"]
            case .iscsiDirect: ["a source host", "a source device", "an initiator"]
            case .scsi: ["a target directory", "an adapter"]
            case .mpath: ["a target directory"]
            case .rbd, .gluster: ["a source host", "a source name"]
            case .zfs: ["a source name"]
            case .vstorage: ["a target directory", "a source name"]
            }
        return parts.filter { !$0.isSaid && needed.contains($0.name) }.map(\.name)
    }
}
