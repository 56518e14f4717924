/// Rewrites a domain's migratable definition for the host that it goes to.
///
/// Start from `xml(domain, [.migratable, .secure])` for the running definition, and with `.inactive` too for the one at
/// rest; apply the same change to both.
public struct MigrationXML: DomainEditing, Sendable, Hashable {
    public var document: XMLElement

    /// - Parameter text: libvirt's text.
    public init(reading text: String) throws(HypervisorError) {
        do {
            document = try XMLElement(reading: text)
        } catch {
            throw .unreadable("read a definition for migration", error)
        }
    }

    /// Puts an interface on another bridge. False when the domain has no such address.
    @discardableResult
    public mutating func setBridge(of mac: MACAddress, to bridge: String) -> Bool {
        var found = false
        editDevices { devices in
            devices.edit("interface") { interface in
                guard interface.first("mac")?[attribute: "address"] == mac.description else { return }
                found = true
                interface[attribute: "type"] = "bridge"
                interface.replace(XMLElement("source", ["bridge": bridge]))
            }
        }
        return found
    }

    /// Lets displays listen on another address.
    public mutating func setDisplayAddress(_ address: String) {
        editDevices { devices in
            devices.edit("graphics") { graphics in
                if graphics[attribute: "listen"] != nil { graphics[attribute: "listen"] = address }
                graphics.edit("listen") { listen in
                    if listen[attribute: "type"] == "address" { listen[attribute: "address"] = address }
                }
            }
        }
    }
}
