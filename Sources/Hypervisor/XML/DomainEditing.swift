/// A domain's definition that is being changed, with everything in it that is not understood here left as it is.
public protocol DomainEditing {
    var document: XMLElement { get set }
}

extension DomainEditing {
    /// The text for libvirt.
    public func text() throws(HypervisorError) -> String {
        do {
            return try document.written()
        } catch {
            throw .invalid("write a changed definition", error.message)
        }
    }

    public var description: DomainDescription { DomainDescription(document) }

    /// Moves a disk to where it will be. False when the domain has no such target.
    ///
    /// The layers below, as libvirt saw them, are dropped: the host looks into its own file.
    @discardableResult
    public mutating func setSource(of target: String, to source: DiskSource) -> Bool {
        editDisk(target) { disk in
            disk.remove { ["backingStore", "mirror"].contains($0.localName) }
            guard disk[attribute: "type"] == source.type, let path = source.path, disk.first("source") != nil else {
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

    /// Drops what libvirt saw below a disk, so that the host looks for itself.
    @discardableResult
    public mutating func forgetBacking(of target: String) -> Bool {
        editDisk(target) { disk in disk.remove { $0.localName == "backingStore" } }
    }

    /// Takes the medium out of a drive.
    @discardableResult
    public mutating func eject(_ target: String) -> Bool {
        editDisk(target) { disk in disk.remove { ["source", "backingStore"].contains($0.localName) } }
    }

    /// Changes Drover's note in the domain.
    public mutating func setMetadata(_ metadata: DomainMetadata) {
        var element = document.first("metadata") ?? XMLElement("metadata")
        element.remove { $0.attributes.contains { $0.value == DomainMetadata.namespace } }
        element.nodes.append(.element(metadata.element))
        document.replace(element)
    }

    mutating func editDisk(_ target: String, _ change: (inout XMLElement) -> Void) -> Bool {
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

    mutating func editDevices(_ change: (inout XMLElement) -> Void) {
        document.edit("devices", change)
    }
}
