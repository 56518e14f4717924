/// Rewrites a domain's migratable definition for the host that it goes to.
///
/// Start from `xml(domain, [.migratable, .secure])` for the running definition, and with `.inactive` too for the one at
/// rest; apply the same change to both.
public struct MigrationXML: Sendable, Hashable {
    public var document: XMLElement

    /// - Parameter text: libvirt's text.
    public init(reading text: String) throws(HypervisorError) {
        do {
            document = try XMLElement(reading: text)
        } catch {
            throw .unreadable("read a definition for migration", error)
        }
    }

    /// The text for `MigrationRequest`.
    public func text() throws(HypervisorError) -> String {
        do {
            return try document.written()
        } catch {
            throw .invalid("write a definition for migration", error.message)
        }
    }

    public var description: DomainDescription { DomainDescription(document) }

    /// Moves a disk to where it will be on the destination. False when the domain has no such target.
    ///
    /// The layers below, as the source's libvirt saw them, are dropped: the destination looks into its own file.
    @discardableResult
    public mutating func setSource(of target: String, to source: DiskSource) -> Bool {
        editDisk(target) { disk in
            disk.remove { ["backingStore", "mirror"].contains($0.localName) }
            guard disk[attribute: "type"] == source.type, let path = source.path else {
                disk[attribute: "type"] = source.type
                disk.replace(source.element)
                return
            }
            // The same kind of disk elsewhere: its labels and policies stay.
            disk.edit("source") { element in
                element[attribute: "index"] = nil
                element[attribute: source.type == "file" ? "file" : "dev"] = path
            }
        }
    }

    /// Drops what the source's libvirt saw below a disk, so that the destination looks for itself.
    @discardableResult
    public mutating func forgetBacking(of target: String) -> Bool {
        editDisk(target) { disk in disk.remove { $0.localName == "backingStore" } }
    }

    /// Takes the medium out of a drive.
    @discardableResult
    public mutating func eject(_ target: String) -> Bool {
        editDisk(target) { disk in disk.remove { ["source", "backingStore"].contains($0.localName) } }
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

    /// Changes Drover's note in the domain.
    public mutating func setMetadata(_ metadata: DomainMetadata) {
        var element = document.first("metadata") ?? XMLElement("metadata")
        element.remove { $0.attributes.contains { $0.value == DomainMetadata.namespace } }
        element.nodes.append(.element(metadata.element))
        document.replace(element)
    }

    private mutating func editDisk(_ target: String, _ change: (inout XMLElement) -> Void) -> Bool {
        var found = false
        editDevices { devices in
            devices.edit("disk") { disk in
                guard disk.first("target")?[attribute: "dev"] == target else { return }
                found = true
                change(&disk)
            }
        }
        return found
    }

    private mutating func editDevices(_ change: (inout XMLElement) -> Void) {
        document.edit("devices", change)
    }
}
