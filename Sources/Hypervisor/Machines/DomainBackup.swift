internal import CLibvirt

extension HypervisorConnection {
    /// Starts copying disks of a running domain as they all are at this moment, while the guest goes on writing. It is a
    /// job of the domain's: `jobStats` tells how far it is, `abortJob` ends it.
    ///
    /// - Parameter copies: the guest's name of each disk, and the file that it goes to: one that exists, with its format.
    public func beginCopy(
        of domain: DomainReference, to copies: [(target: String, path: String, format: String)], others: [String] = []
    ) async throws(HypervisorError) {
        let operation = "copy the disks of \(domain)"
        let wanted = copies.map { copy in
            XMLElement(
                "disk", ["name": copy.target, "backup": "yes", "type": "file"],
                [XMLElement("target", ["file": copy.path]), XMLElement("driver", ["type": copy.format])])
        }
        let unwanted = others.map { XMLElement("disk", ["name": $0, "backup": "no"]) }
        let xml: String
        do {
            let disks = XMLElement("disks", [:], wanted + unwanted)
            xml = try XMLElement("domainbackup", ["mode": "push"], [disks]).written()
        } catch {
            throw .invalid(operation, error.message)
        }
        let flags = VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL.rawValue
        try await actAtOnce("copy the disks of", domain) { virDomainBackupBegin($0, xml, nil, flags) }
    }
}
