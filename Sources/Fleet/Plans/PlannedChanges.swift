internal import Hypervisor
internal import Values

/// What the changes of a line ask of a VM, by who carries them out.
struct PlannedChanges {
    var size = ResizeRequest()
    var devices = ChangeRequest()
    var state: StartState?
    var autostart: Bool?

    /// - Parameter isLive: whether a running VM is changed too.
    init(_ changes: [FieldChange], isLive: Bool = true) {
        devices.isLive = isLive
        for change in changes {
            switch change.field {
            case .cpus(let count): size.cpus = count
            case .memory(let wanted): size.memory = wanted
            case .disk(let name, _, let wanted): size.disks.append(.init(name: name, size: wanted))
            case .autostart(let wanted): autostart = wanted
            case .state(let wanted): state = wanted
            case .newDisk(let disk): devices.addedDisks.append(disk)
            case .nic(_, let mac, let nic):
                devices.removedNICs.append(mac)
                devices.addedNICs.append(Self.bare(nic, mac: nic.mac ?? MACAddress(mac)))
            case .newNIC(_, let nic): devices.addedNICs.append(Self.bare(nic, mac: nic.mac))
            case .removedNIC(let mac): devices.removedNICs.append(mac)
            case .graphics(let wanted): devices.graphics = wanted
            case .boot(let words): devices.boot = words
            case .iso(let word): devices.iso = word
            case .machine(let name): devices.machine = name
            case .cpu(let choice): devices.cpu = choice
            }
        }
        // One that is off has a larger disk at once, and all the rest at its next start anyway.
        if !isLive, size.disks.isEmpty { size.scope = .next }
    }

    var resizes: Bool { size.cpus != nil || size.memory != nil || !size.disks.isEmpty }

    /// A NIC for a guest that is there: what its addresses are is its own affair.
    private static func bare(_ nic: NICRequest, mac: MACAddress?) -> NICRequest {
        var nic = nic
        nic.mac = mac
        (nic.address, nic.gateway, nic.dns) = (nil, nil, [])
        return nic
    }
}
