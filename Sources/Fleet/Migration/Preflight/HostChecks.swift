internal import Hypervisor
internal import Inventory
internal import Values

/// Whether the two hosts go together.
enum HostChecks {
    static func namesake(_ survey: MigrationSurvey) -> [Diagnostic] {
        guard let taken = survey.namesake else { return [] }
        return [
            survey.problem(
                "there is a VM \"\(taken.name)\" already, \(taken.state.activity.name)",
                detail: taken.uuid == survey.machine.uuid ? "it has the same UUID" : nil,
                hint: "`drover op recover` settles what an unfinished migration left")
        ]
    }

    static func identity(_ survey: MigrationSurvey) -> [Diagnostic] {
        let (here, there) = (survey.sourceInfo, survey.destinationInfo)
        if here.uuid == there.uuid {
            return [
                survey.problem(
                    "both hosts have the UUID \(here.uuid)", detail: "libvirt refuses to migrate between them",
                    hint:
                        "give one a UUID of its own: host_uuid in libvirtd.conf, or host_uuid_source = \"machine-id\","
                        + " as the role hypervisor does, where `systemd-machine-id-setup` made it unique")
            ]
        }
        guard let id = survey.sourceLook.machineID, !id.isEmpty, id == survey.destinationLook.machineID else {
            return []
        }
        return [
            survey.warning(
                "both hosts have the machine-id \(id)", detail: "one installation was copied from the other",
                hint: "remove /etc/machine-id on one, run `systemd-machine-id-setup`, and reboot it")
        ]
    }

    /// Seconds that clocks may be apart before it is worth a word: logs, and what guests take their time from.
    static let tolerableSkew = 2.0

    static func clocks(_ survey: MigrationSurvey) -> [Diagnostic] {
        guard let here = survey.sourceLook.clockOffset, let there = survey.destinationLook.clockOffset else {
            return []
        }
        let skew = there - here
        guard skew.magnitude > tolerableSkew else { return [] }
        let seconds = Int(skew.magnitude.rounded())
        return [
            survey.warning(
                "its clock is \(seconds) s \(skew > 0 ? "ahead of" : "behind") that of \(survey.source.name)",
                detail: "certificates may seem expired or not valid yet, and the guest's clock jumps where it follows "
                    + "its host's", hint: "set the time by NTP on both hosts")
        ]
    }

    static func versions(_ survey: MigrationSurvey) -> [Diagnostic] {
        let (here, there) = (survey.sourceInfo, survey.destinationInfo)
        var found: [Diagnostic] = []
        for (host, info) in [(survey.source, here), (survey.destination, there)]
        where info.libvirtVersion < LibraryVersion(6, 2) {
            found.append(
                survey.problem(
                    "libvirt \(info.libvirtVersion) is too old",
                    detail: "disks copied over TLS and certificates changed under way need 6.2",
                    hint: "upgrade the host", at: host))
        }
        if survey.isLive, let from = here.hypervisorVersion, let to = there.hypervisorVersion, to < from {
            found.append(
                survey.warning(
                    "its QEMU \(to) is older than \(survey.source.name)'s \(from)",
                    detail: "QEMU promises migration to the same or a later version; the guest stays where it is if it "
                        + "is refused", hint: "upgrade the destination first"))
        }
        if survey.machine.state.activity == .running, survey.guest.type == "qemu", let from = here.hypervisorVersion,
            from < LibraryVersion(9, 0)
        {
            found.append(
                survey.warning(
                    "its QEMU \(from) can lose what an emulated guest writes while its memory is copied",
                    detail: "a defect of QEMU before 9.0 that guests with KVM do not meet: docs/migration-defects.md",
                    hint: "pause the VM for the time of the move: `drover vm pause \(survey.name)`", at: survey.source))
        }
        if survey.destinationLook.isDrained {
            found.append(
                survey.warning(
                    "it is marked as drained", hint: "`drover host undrain \(survey.destination.name)` takes it back"))
        }
        return found
    }
}
