internal import CLibvirt

extension HypervisorConnection {
    /// The domain's snapshots, each behind the one that it follows, else the older first.
    public func snapshots(of domain: DomainReference) async throws(HypervisorError) -> [DomainSnapshot] {
        try await call("list the snapshots of \(domain)") { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                let list = try call.each(
                    { virDomainListAllSnapshots(found, $0, 0) }, release: virDomainSnapshotFree,
                    { snapshot throws(HypervisorError) -> DomainSnapshot? in
                        let isCurrent = try call.check(virDomainSnapshotIsCurrent(snapshot, 0)) == 1
                        let document = try call.document(virDomainSnapshotGetXMLDesc(snapshot, 0))
                        return DomainSnapshot(document, isCurrent: isCurrent)
                    })
                return DomainSnapshot.inOrder(list)
            }
        }
    }

    /// Keeps the domain's present state inside its qcow2 disks: their contents, and its memory if it runs, during which it
    /// stands still.
    public func makeSnapshot(
        _ name: String, of domain: DomainReference, note: String? = nil
    ) async throws(HypervisorError) {
        let operation = "make the snapshot \"\(name)\" of \(domain)"
        let children = [XMLElement("name", text: name), note.map { XMLElement("description", text: $0) }]
        let xml: String
        do {
            xml = try XMLElement("domainsnapshot", [:], children.compactMap { $0 }).written()
        } catch {
            throw .invalid(operation, error.message)
        }
        try await longCall(operation) { call throws(HypervisorError) -> Void in
            try call.domain(domain) { found throws(HypervisorError) in
                _ = virDomainSnapshotFree(try call.require(virDomainSnapshotCreateXML(found, xml, 0)))
            }
        }
    }

    /// Brings the domain back to a snapshot; what it is now is lost.
    ///
    /// - Parameters:
    ///   - running: whether it runs afterwards; nil: as it did then.
    ///   - force: replace the running process where it cannot be brought back as it is.
    public func revert(
        _ domain: DomainReference, to snapshot: String, running: Bool? = nil, force: Bool = false
    ) async throws(HypervisorError) {
        var flags = force ? VIR_DOMAIN_SNAPSHOT_REVERT_FORCE.rawValue : 0
        if running == true { flags |= VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING.rawValue }
        let operation = "revert \(domain) to the snapshot \"\(snapshot)\""
        try await longCall(operation) { [flags] call throws(HypervisorError) -> Void in
            try call.snapshot(snapshot, of: domain) { found throws(HypervisorError) in
                _ = try call.check(virDomainRevertToSnapshot(found, flags))
            }
        }
    }

    /// Removes a snapshot; the domain stays as it is, and what followed the snapshot follows the one before. False when
    /// there was none.
    @discardableResult
    public func deleteSnapshot(
        _ name: String, of domain: DomainReference
    ) async throws(HypervisorError) -> Bool {
        let deleted: Void? = try await orNil(.noSnapshot) { () throws(HypervisorError) -> Void in
            try await longCall("delete the snapshot \"\(name)\" of \(domain)") { call throws(HypervisorError) in
                try call.snapshot(name, of: domain) { found throws(HypervisorError) in
                    _ = try call.check(virDomainSnapshotDelete(found, 0))
                }
            }
        }
        return deleted != nil
    }
}

extension HypervisorConnection {
    /// What libvirt keeps of the domain's snapshots, each behind the one that it follows: for `redefineSnapshot`.
    public func snapshotDocuments(
        of domain: DomainReference
    ) async throws(HypervisorError) -> [(name: String, xml: String, isCurrent: Bool)] {
        var documents: [(name: String, xml: String, isCurrent: Bool)] = []
        for snapshot in try await snapshots(of: domain) {
            let xml = try await call("read the snapshot \"\(snapshot.name)\"") { call throws(HypervisorError) in
                try call.snapshot(snapshot.name, of: domain) { found throws(HypervisorError) in
                    try call.string(virDomainSnapshotGetXMLDesc(found, VIR_DOMAIN_SNAPSHOT_XML_SECURE.rawValue))
                }
            }
            documents.append((snapshot.name, xml, snapshot.isCurrent))
        }
        return documents
    }

    /// Lets libvirt know a snapshot that is in the domain's disks already: it came with them from another host.
    public func redefineSnapshot(
        of domain: DomainReference, xml: String, isCurrent: Bool
    ) async throws(HypervisorError) {
        let current = isCurrent ? VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT.rawValue : 0
        let flags = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE.rawValue | current
        try await call("redefine a snapshot of \(domain)") { call throws(HypervisorError) -> Void in
            try call.domain(domain) { found throws(HypervisorError) in
                _ = virDomainSnapshotFree(try call.require(virDomainSnapshotCreateXML(found, xml, flags)))
            }
        }
    }
}

extension Call {
    fileprivate func snapshot<Answer>(
        _ name: String, of domain: DomainReference, _ body: (virDomainSnapshotPtr) throws(HypervisorError) -> Answer
    ) throws(HypervisorError) -> Answer {
        try self.domain(domain) { found throws(HypervisorError) in
            let snapshot = try require(virDomainSnapshotLookupByName(found, name, 0))
            defer { virDomainSnapshotFree(snapshot) }
            return try body(snapshot)
        }
    }
}
