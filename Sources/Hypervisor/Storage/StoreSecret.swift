internal import CLibvirt

/// A password that libvirt keeps for its own use: to log in to Ceph or an iSCSI target. Nobody can read it back.
public struct StoreSecret: Sendable, Hashable {
    public var uuid: String
    public var kind: PoolSource.Login.Kind
    /// What refers to it by name.
    public var usage: String
    public var description: String

    public init(uuid: String, kind: PoolSource.Login.Kind, usage: String, description: String) {
        self.uuid = uuid
        self.kind = kind
        self.usage = usage
        self.description = description
    }

    /// The definition as text; the password is never part of it.
    public func xml() throws(HypervisorError) -> String {
        let key =
            switch kind {
            case .chap: XMLElement("usage", ["type": "iscsi"], [XMLElement("target", text: usage)])
            case .ceph: XMLElement("usage", ["type": "ceph"], [XMLElement("name", text: usage)])
            }
        let element = XMLElement(
            "secret", ["ephemeral": "no", "private": "yes"],
            [XMLElement("uuid", text: uuid), XMLElement("description", text: description), key])
        do {
            return try element.written()
        } catch {
            throw .invalid("write the definition of secret \"\(usage)\"", error.message)
        }
    }

    fileprivate var usageType: Int32 {
        switch kind {
        case .chap: Int32(VIR_SECRET_USAGE_TYPE_ISCSI.rawValue)
        case .ceph: Int32(VIR_SECRET_USAGE_TYPE_CEPH.rawValue)
        }
    }
}

extension HypervisorConnection {
    /// The secret of that usage; nil when there is none.
    public func secret(
        usage: String, of kind: PoolSource.Login.Kind
    ) async throws(HypervisorError) -> StoreSecret? {
        let wanted = StoreSecret(uuid: "", kind: kind, usage: usage, description: "")
        return try await orNil(.noSecret) { () throws(HypervisorError) in
            try await call("look up secret \"\(usage)\"") { call throws(HypervisorError) in
                let secret = try call.require(virSecretLookupByUsage(call.connection, wanted.usageType, usage))
                defer { virSecretFree(secret) }
                var found = wanted
                found.uuid = try call.uuid { virSecretGetUUIDString(secret, $0) }
                found.description = try call.document(virSecretGetXMLDesc(secret, 0)).first("description")?.text ?? ""
                return found
            }
        }
    }

    /// Defines a secret, or takes the one of its UUID, and gives it its value.
    public func setSecret(_ secret: StoreSecret, value: [UInt8]) async throws(HypervisorError) {
        let xml = try secret.xml()
        try await call("set secret \"\(secret.usage)\"") { call throws(HypervisorError) -> Void in
            let made = try call.require(virSecretDefineXML(call.connection, xml, 0))
            defer { virSecretFree(made) }
            _ = try call.check(virSecretSetValue(made, value, value.count, 0))
        }
    }

    /// Removes a secret. False when there was none.
    @discardableResult
    public func removeSecret(uuid: String) async throws(HypervisorError) -> Bool {
        let removed: Void? = try await orNil(.noSecret) { () throws(HypervisorError) -> Void in
            try await call("remove a secret") { call throws(HypervisorError) in
                let secret = try call.require(virSecretLookupByUUIDString(call.connection, uuid))
                defer { virSecretFree(secret) }
                _ = try call.check(virSecretUndefine(secret))
            }
        }
        return removed != nil
    }
}
