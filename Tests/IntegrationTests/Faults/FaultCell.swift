/// What goes wrong in the middle of a migration.
enum Fault: String, CaseIterable, Sendable {
    case controllerKilled = "controller killed"
    case sourceLibvirtd = "source libvirtd killed"
    case targetLibvirtd = "target libvirtd killed"
    case sourceQEMU = "source QEMU killed"
    case targetQEMU = "target QEMU killed"
    case targetOff = "target powered off"
    case linkCut = "link cut"
    case repliesLost = "replies lost"
    case linkSlow = "link slow"
    case diskFull = "disk full on target"
    case expired = "certificate expired"
    case cancel = "cancel"
}

/// When it does.
enum Phase: String, CaseIterable, Sendable {
    /// The source has a job, or the destination a domain.
    case start = "pre-copy start"
    /// A quarter of the memory is over.
    case copying = "mid-copy"
    /// The source's guest was just stopped.
    case switchover = "at switchover"
    /// The guest was just resumed at the destination.
    case after = "after"
}

/// What the guest's disk is on.
enum FaultDisk: String, CaseIterable, Sendable {
    case local
    case san = "SAN"
}

/// One field of the matrix.
struct FaultCell: Sendable, Hashable {
    var fault: Fault
    var phase: Phase
    var disk: FaultDisk

    static let all = FaultDisk.allCases.flatMap { disk in
        Fault.allCases.flatMap { fault in Phase.allCases.map { Self(fault: fault, phase: $0, disk: disk) } }
    }

    var name: String { "\(fault.rawValue), \(phase.rawValue), \(disk.rawValue)" }

    /// Whether the guest itself may be lost with what was killed: then its disk must hold what it had acknowledged.
    var mayCrash: Bool {
        switch (fault, phase) {
        // The guest's own process, for as long as it is the one.
        case (.sourceQEMU, .start), (.sourceQEMU, .copying), (.sourceQEMU, .switchover): true
        case (.targetQEMU, .switchover), (.targetQEMU, .after): true
        case (.targetOff, .switchover), (.targetOff, .after): true
        default: false
        }
    }
}
