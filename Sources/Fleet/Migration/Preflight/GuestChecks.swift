internal import Hypervisor
internal import Values

/// Whether the guest itself can move.
enum GuestChecks {
    static func guest(_ survey: MigrationSurvey) -> [Diagnostic] {
        var found: [Diagnostic] = []
        let activity = survey.machine.state.activity
        let isPausedByUser = SideState(survey.machine.state, hasJob: false, on: .source) == .pausedByUs
        if survey.isLive, ![.running, .blocked].contains(activity) && !isPausedByUser {
            found.append(
                survey.problem(
                    "\"\(survey.name)\" is \(activity.name)", detail: "only a running VM migrates live",
                    hint: "start it with `drover vm start \(survey.name)`", at: survey.source))
        }
        if !survey.machine.persistent {
            found.append(
                survey.problem(
                    "\"\(survey.name)\" has no lasting definition",
                    detail: "it would be gone when it ends, wherever it is",
                    hint: "`virsh dumpxml` and `virsh define` give it one", at: survey.source))
        }
        if survey.hasJob {
            found.append(
                survey.problem(
                    "libvirt is at work on \"\(survey.name)\" already",
                    detail: "a migration, a backup or a dump that another program began",
                    hint: "`virsh domjobinfo` shows it; wait until it has ended", at: survey.source))
        }
        for disk in survey.guest.disks where disk.hasMirror {
            found.append(
                survey.problem(
                    "a copy of the disk \(disk.target) is under way",
                    hint: "`virsh blockjob` shows and ends it", at: survey.source))
        }
        return found
    }

    /// Snapshots are records of the source's libvirt and states inside the disks: a copy of a disk that is in use has
    /// only its present (libvirt: "cannot migrate domain with N snapshots").
    static func snapshots(_ survey: MigrationSurvey) -> [Diagnostic] {
        guard !survey.snapshots.isEmpty else { return [] }
        return [
            survey.problem(
                "\"\(survey.name)\" has snapshots", detail: survey.snapshots.joined(separator: ", "),
                hint: "they do not move live: delete them with `drover vm snapshot delete \(survey.name) NAME`",
                at: survey.source)
        ]
    }

    static func hostDevices(_ survey: MigrationSurvey) -> [Diagnostic] {
        let directories = survey.guest.sharedDirectories.map { "shared directory \($0)" }
        return (survey.guest.hostDevices + directories).map { device in
            survey.problem(
                "\"\(survey.name)\" holds a \(device)", detail: "it cannot move while it does",
                hint: "take it away with `drover vm set` or `virsh detach-device`", at: survey.source)
        }
    }
}
