/// A domain's definition at rest, edited to be defined again: under another name, as another domain, with other devices.
///
/// Start from `xml(domain, [.inactive, .secure])`, so that passwords of displays are not lost.
public struct DomainDefinition: DomainEditing, Sendable, Hashable {
    public var document: XMLElement

    /// - Parameter text: libvirt's text.
    public init(reading text: String) throws(HypervisorError) {
        do {
            document = try XMLElement(reading: text)
        } catch {
            throw .unreadable("read a definition", error)
        }
    }

    /// Makes another domain of it: its name, its UUID, a new address for every interface, and nothing of what libvirt
    /// derives from the old name. Disks and UEFI variables are the caller's to replace.
    public mutating func become(name: String, uuid: String) {
        setText("name", name)
        setText("uuid", uuid)
        document.remove { ["genid", "title"].contains($0.localName) }
        editDevices { devices in
            devices.edit("interface") { interface in
                interface.replace(XMLElement("mac", ["address": MACAddress.random().description]))
                interface.remove { $0.localName == "target" }
            }
            devices.edit("graphics") { graphics in
                guard graphics[attribute: "port"] != nil else { return }
                graphics[attribute: "port"] = "-1"
                graphics[attribute: "autoport"] = "yes"
            }
            devices.edit("channel") { channel in
                guard channel[attribute: "type"] == "unix" else { return }
                channel.remove { $0.localName == "source" }
            }
        }
    }

    /// The file of the UEFI variables.
    public mutating func setNVRAM(_ path: String) {
        document.edit("os") { system in
            system.edit("nvram") { nvram in nvram.nodes = [.text(path)] }
        }
    }

    /// What a reader of the definition is told of the domain; nil removes it.
    public mutating func setNote(_ note: String?) {
        document.remove { $0.localName == "description" }
        if let note { document.nodes.append(.element(XMLElement("description", text: note))) }
    }

    /// What the domain starts from, in order: `hd`, `cdrom`, `network`.
    ///
    /// Orders of single devices are removed: libvirt takes one way or the other.
    public mutating func setBootOrder(_ devices: [String]) {
        document.edit("os") { system in
            system.remove { $0.localName == "boot" }
            system.nodes += devices.map { .element(XMLElement("boot", ["dev": $0])) }
        }
        editDevices { all in
            for kind in ["disk", "interface", "hostdev", "redirdev"] {
                all.edit(kind) { device in device.remove { $0.localName == "boot" } }
            }
        }
    }

    /// The processor, as a whole `<cpu>` element.
    public mutating func setCPU(_ element: XMLElement) { document.replace(element) }

    /// The machine type, such as `q35`.
    public mutating func setMachine(_ machine: String) {
        document.edit("os") { system in
            system.edit("type") { type in type[attribute: "machine"] = machine }
        }
    }

    /// Puts `devices` in the place of all devices of their kinds.
    public mutating func replaceDevices(of kinds: [String], with replacements: [XMLElement]) {
        editDevices { devices in
            devices.remove { kinds.contains($0.localName) }
            devices.nodes += replacements.map { .element($0) }
        }
    }

    private mutating func setText(_ name: String, _ text: String) {
        document.edit(name) { element in element.nodes = [.text(text)] }
    }
}
