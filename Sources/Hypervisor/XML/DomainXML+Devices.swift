extension DomainXML {
    /// A network interface of a definition, or to be plugged in.
    public static func interface(_ spec: InterfaceSpec) -> XMLElement {
        let (type, source): (String, XMLElement?) =
            switch spec.source {
            case .bridge(let name): ("bridge", XMLElement("source", ["bridge": name]))
            case .network(let name): ("network", XMLElement("source", ["network": name]))
            case .direct(let device, let mode): ("direct", XMLElement("source", ["dev": device, "mode": mode]))
            case .user: ("user", nil)
            }
        let children = [
            XMLElement("mac", ["address": spec.mac.description]), source,
            spec.vlan.map { XMLElement("vlan", [:], [XMLElement("tag", ["id": "\($0)"])]) },
            XMLElement("model", ["type": spec.model]),
            spec.mtu.map { XMLElement("mtu", ["size": "\($0)"]) },
            spec.bootOrder.map { XMLElement("boot", ["order": "\($0)"]) },
        ]
        return XMLElement("interface", ["type": type], children.compactMap { $0 })
    }

    /// The disks of a definition, each with the guest's name of it.
    static func disks(_ disks: [DiskSpec], ioThreads: Int) -> [XMLElement] {
        zip(disks, targets(of: disks)).map { disk($0, target: $1, ioThreads: ioThreads) }
    }

    /// The names by which a guest will know these disks: `vda`, `sda`.
    public static func targets(of disks: [DiskSpec]) -> [String] {
        var used: [String: Int] = [:]
        return disks.map { spec in
            let prefix = prefix(of: spec.bus)
            defer { used[prefix, default: 0] += 1 }
            return prefix + letters(used[prefix, default: 0])
        }
    }

    static func prefix(of bus: String) -> String { bus == "virtio" ? "vd" : bus == "fdc" ? "fd" : "sd" }

    /// One disk as the guest will know it under `target`, of a definition or to be plugged in.
    ///
    /// - Parameter ioThreads: how many the domain has.
    public static func disk(_ spec: DiskSpec, target: String, ioThreads: Int = 0) -> XMLElement {
        // SCSI disks are served by their controller's.
        let hasThread = spec.usesIOThread && ioThreads > 0 && spec.bus == "virtio"
        let driver = XMLElement(
            "driver",
            [
                "name": "qemu", "type": spec.format, "cache": spec.cache, "io": spec.io,
                "discard": spec.discard ? "unmap" : nil, "iothread": hasThread ? "\(spec.ioThread)" : nil,
            ])
        let children = [
            driver, spec.source?.element, XMLElement("target", ["dev": target, "bus": spec.bus]),
            spec.serial.map { XMLElement("serial", text: $0) },
            spec.isReadOnly ? XMLElement("readonly") : nil, spec.isShareable ? XMLElement("shareable") : nil,
            spec.bootOrder.map { XMLElement("boot", ["order": "\($0)"]) },
        ]
        return XMLElement(
            "disk", ["type": spec.source?.type ?? "file", "device": spec.device.rawValue], children.compactMap { $0 })
    }

    /// a ... z, aa, ab ...: how Linux counts disks.
    static func letters(_ number: Int) -> String {
        let letter = String(Unicode.Scalar(UInt8(ascii: "a") + UInt8(number % 26)))
        return (number < 26 ? "" : letters(number / 26 - 1)) + letter
    }

    static func channel(_ type: String, _ name: String) -> XMLElement {
        XMLElement("channel", ["type": type], [XMLElement("target", ["type": "virtio", "name": name])])
    }

    /// A display with what belongs to it: a card, a pointer that knows where it is, SPICE's own channel.
    static func display(_ display: DomainSpec.Display) -> [XMLElement] {
        let listener = XMLElement("listen", ["type": "address", "address": display.listen])
        let graphics = XMLElement(
            "graphics",
            [
                "type": display.kind.rawValue, "port": "\(display.port ?? -1)",
                "autoport": display.port == nil ? "yes" : "no",
            ], [listener])
        return (display.kind == .spice ? [channel("spicevmc", "com.redhat.spice.0")] : [])
            + [
                XMLElement("input", ["type": "tablet", "bus": "usb"]), graphics,
                XMLElement("video", [:], [XMLElement("model", ["type": "virtio"])]),
            ]
    }
}
