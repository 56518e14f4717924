internal import Hypervisor
internal import Inventory
internal import Values

/// How a guest's memory and disks will travel.
struct MigrationTransfer: Sendable {
    /// The destination's address that the source sends them to.
    var address: String
    var streams: MigrationStreams
    /// Whether the guest stands still already, because its user paused it: it arrives so, and stays so.
    var isPaused = false

    /// - Throws: `Diagnostics` for what is asked of hosts that cannot do it.
    init(_ survey: MigrationSurvey) throws(Diagnostics) {
        address = survey.destination.address
        if let via = survey.options.via {
            address = try DataNetwork(via).address(
                of: survey.destination, having: survey.destinationLook.addresses)
        }
        streams = try MigrationStreams(
            survey.options, source: .init(survey.source, survey.sourceInfo),
            destination: .init(survey.destination, survey.destinationInfo), memoryMiB: survey.machine.memoryMiB)
        isPaused = survey.machine.state.activity == .paused
    }

    /// QEMU handles the faults of a guest whose memory is elsewhere; as an unprivileged process it must be allowed to.
    private static func postcopy(_ survey: MigrationSurvey) -> [Diagnostic] {
        guard survey.options.ifStuck == .postcopy, survey.destinationLook.allowsUserfaultfd == false else { return [] }
        return [
            survey.warning(
                "its kernel keeps post-copy to privileged programs", detail: "vm.unprivileged_userfaultfd is 0",
                hint: "set it to 1 in /etc/sysctl.d, unless QEMU runs as root there")
        ]
    }

    /// As a check before a migration.
    static func findings(_ survey: MigrationSurvey) -> [Diagnostic] {
        do throws(Diagnostics) {
            return try MigrationTransfer(survey).streams.warnings + postcopy(survey)
        } catch {
            return error.all
        }
    }
}
