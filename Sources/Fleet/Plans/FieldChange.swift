package import Values

/// One thing that differs between a VM and what is wished.
package struct FieldChange: Sendable, Hashable {
    package enum Field: Sendable, Hashable {
        case cpus(Int)
        case memory(ByteSize)
        case autostart(Bool)
        case state(StartState)
        /// A disk by its name, grown to a size.
        case disk(String, path: String, ByteSize)
        /// A disk that it has not.
        case newDisk(DiskRequest)
        /// The NIC at a place, by its MAC address.
        case nic(Int, mac: String, NICRequest)
        case newNIC(Int, NICRequest)
        /// One that is in the entry no more.
        case removedNIC(mac: String)
        case graphics(Graphics)
        case boot([String])
        case iso(String)
        case machine(String)
        case cpu(CPUChoice)
    }

    package let field: Field
    package let old: String
    package let new: String
    /// Whether the guest sees it at once, rather than from its next start on.
    package let isImmediate: Bool

    package init(_ field: Field, _ old: String, _ new: String, isImmediate: Bool = true) {
        self.field = field
        self.old = old
        self.new = new
        self.isImmediate = isImmediate
    }

    package var name: String {
        switch field {
        case .cpus: "cpus"
        case .memory: "memory"
        case .autostart: "autostart"
        case .state: "state"
        case .disk(let name, _, _): "disk \(name)"
        case .newDisk(let disk): "disk \(disk.name)"
        case .nic(let index, _, _), .newNIC(let index, _): "nic \(index)"
        case .removedNIC(let mac): "nic \(mac)"
        case .graphics: "graphics"
        case .boot: "boot"
        case .iso: "iso"
        case .machine: "machine"
        case .cpu: "cpu"
        }
    }

    package var description: String {
        "\(name) \(old) -> \(new)" + (isImmediate ? "" : " (from the next start on)")
    }

    package var value: Value {
        [
            "field": Value(name), "from": Value(old), "to": Value(new),
            "when": Value(isImmediate ? "now" : "next start"),
        ]
    }
}
