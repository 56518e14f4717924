/// A domain's definition at rest, edited to be defined again: under another name, as another domain, with other devices.
///
/// Start from `xml(domain, [.inactive, .secure])`, so that passwords of displays are not lost.
public struct DomainDefinition: DomainEditing, Sendable, Hashable {
    public var document: XMLElement

    public init(_ document: XMLElement) { self.document = document }

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

    /// Takes out what is in the drives that hold one of these files.
    public mutating func emptyDrives(holding paths: Set<String>) {
        editDevices { devices in
            devices.edit("disk") { disk in
                guard ["cdrom", "floppy"].contains(disk[attribute: "device"]),
                    let path = disk.first("source")?[attribute: "file"], paths.contains(path)
                else { return }
                disk.remove { $0.localName == "source" }
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

    /// What the domain starts from, in order: `disk`, `cdrom`, `network`, `hd`, as far as its devices or it say so.
    public var bootOrder: [String] {
        let devices = document.first("devices")?.children ?? []
        let turns = devices.compactMap { device -> (Int, String)? in
            guard let turn = device.first("boot")?[attribute: "order"].flatMap({ Int($0) }) else { return nil }
            return (turn, device.localName == "interface" ? "network" : device[attribute: "device"] ?? "disk")
        }
        if !turns.isEmpty { return turns.sorted { $0.0 < $1.0 }.map(\.1) }
        return (document.first("os")?.all("boot") ?? []).compactMap { $0[attribute: "dev"] }
            .map { $0 == "hd" ? "disk" : $0 }
    }

    /// What the domain starts from, in order: disks by the guest's names of them, interfaces by their addresses.
    ///
    /// What the definition says by kinds of devices is removed: libvirt takes one way or the other.
    public mutating func setBootOrder(_ order: [String]) {
        document.edit("os") { system in system.remove { $0.localName == "boot" } }
        editDevices { devices in
            for kind in ["disk", "interface", "hostdev", "redirdev"] {
                devices.edit(kind) { device in
                    device.remove { $0.localName == "boot" }
                    let name = device.first("target")?[attribute: "dev"]
                    let key = kind == "interface" ? device.first("mac")?[attribute: "address"] : name
                    guard let key, let turn = order.firstIndex(of: key) else { return }
                    device.nodes.append(.element(XMLElement("boot", ["order": "\(turn + 1)"])))
                }
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

    /// Puts `replacements` in the place of all devices that `matches` holds for.
    public mutating func replaceDevices(with replacements: [XMLElement], where matches: (XMLElement) -> Bool) {
        editDevices { devices in
            devices.remove(where: matches)
            devices.nodes += replacements.map { .element($0) }
        }
    }

    private mutating func setText(_ name: String, _ text: String) {
        document.edit(name) { element in element.nodes = [.text(text)] }
    }
}

extension DomainXML {
    /// The next name for a disk on a bus, such as `vdc`, besides those that are `taken`.
    public static func freeTarget(bus: String, besides taken: Set<String>) -> String {
        let prefix = prefix(of: bus)
        var number = 0
        while taken.contains(prefix + letters(number)) { number += 1 }
        return prefix + letters(number)
    }
}
