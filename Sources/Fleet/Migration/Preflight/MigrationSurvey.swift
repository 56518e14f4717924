internal import Hypervisor
internal import Inventory
internal import Values

/// All that is judged before a migration, as both hosts showed it. What the checks see, and nothing else.
struct MigrationSurvey: Sendable {
    /// What libvirt at the destination says of the processor that the guest sees.
    enum ProcessorAnswer: Sendable, Hashable {
        case fits(ProcessorFit)
        /// With libvirt's words, which name the missing features.
        case lacks(String)
        /// It could not say.
        case unknown(String)
    }

    var machine: DomainSummary
    /// The running guest, or its definition when it is off.
    var guest: DomainDescription
    var source: Host
    var destination: Host
    var options: MigrationOptions
    var snapshots: [String] = []
    /// Whether libvirt is at work on the guest already.
    var hasJob = false
    var sourceInfo: HostInfo
    var destinationInfo: HostInfo
    var sourceLook: HostLook
    var destinationLook: HostLook
    var toDestination: HostReach
    var toSource: HostReach
    /// A VM at the destination with the guest's name or UUID.
    var namesake: DomainSummary?
    /// The destination's virtual networks; whether each is active.
    var networks: [String: Bool] = [:]
    var processor = ProcessorAnswer.fits(.identical)

    /// A VM that is off moves as its files and its definition.
    var isLive: Bool { machine.state.isActive }
    /// Where the memory and the disks go.
    var dataAddress: String { (try? MigrationTransfer(self).address) ?? destination.address }
    var name: String { machine.name }

    func problem(_ summary: String, detail: String? = nil, hint: String? = nil, at host: Host? = nil) -> Diagnostic {
        .error(summary, detail: detail, hint: hint, host: (host ?? destination).name)
    }

    func warning(_ summary: String, detail: String? = nil, hint: String? = nil, at host: Host? = nil) -> Diagnostic {
        .warning(summary, detail: detail, hint: hint, host: (host ?? destination).name)
    }
}
