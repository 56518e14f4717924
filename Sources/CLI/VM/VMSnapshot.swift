internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Values

struct VMSnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Keep states of a VM, and bring it back to them",
        discussion: """
            A snapshot is kept inside the VM's qcow2 disks: their contents, and the memory of a running VM, whose guest stands
            still while it is written. VMs that start by UEFI, and disks of other formats, cannot have any: `vm clone` keeps a
            copy of those. A VM with snapshots neither migrates nor takes another name.

            EXAMPLES
              drover vm snapshot create web1 before-upgrade
              drover vm snapshot list web1
              drover vm snapshot revert web1 before-upgrade
              drover vm snapshot delete web1 before-upgrade
            """,
        subcommands: [
            SnapshotCreate.self, SnapshotList.self, SnapshotShow.self, SnapshotRevert.self, SnapshotDelete.self,
        ])
}

struct SnapshotCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Keep what a VM is now")
    @Argument(help: "VM") var name: String
    @Argument(help: "Name of the snapshot; the time if not given") var snapshot: String?
    @Option(help: "What it is for") var note: String?
    @OptionGroup var other: OtherHostsOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let snapshots = MachineSnapshots(context, driver: try common.hypervisors(context))
        let made = try await snapshots.create(snapshot, of: name, note: note, assumedAbsent: other.assumeAbsent)
        Output.write(made.value, common.format) {
            "\(name) has the snapshot \(made.name) (\(made.hasMemory ? "disks and memory" : "disks"))\n"
        }
    }
}

struct SnapshotList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List a VM's snapshots, oldest first", aliases: ["ls"])
    @Argument(help: "VM") var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let all = try await MachineSnapshots(context, driver: try common.hypervisors(context)).list(name)
        Output.write(Value(all.map(\.value)), common.format) {
            var table = Table("SNAPSHOT", "CREATED", "STATE", "MEMORY", "CURRENT", "PARENT", "NOTE")
            for one in all {
                let value = one.value
                table.add([
                    one.name, value["created"]?.string ?? "", one.state, one.hasMemory ? "yes" : "no",
                    one.isCurrent ? "yes" : "", one.parent ?? "", one.note ?? "",
                ])
            }
            return table.text
        }
    }
}

struct SnapshotShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one snapshot")
    @Argument(help: "VM") var name: String
    @Argument(help: "Snapshot") var snapshot: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let snapshots = MachineSnapshots(context, driver: try common.hypervisors(context))
        let one = try await snapshots.show(snapshot, of: name)
        Output.write(one.value, common.format) { YAML.write(one.value) }
    }
}

struct SnapshotRevert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert", abstract: "Bring a VM back to a snapshot; what it is now is lost")
    @Argument(help: "VM") var name: String
    @Argument(help: "Snapshot") var snapshot: String
    @Flag(help: "Have it run afterwards, whatever it did then") var start = false
    @Flag(help: "Replace the running process where it cannot be brought back as it is") var force = false
    @OptionGroup var other: OtherHostsOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let snapshots = MachineSnapshots(context, driver: try common.hypervisors(context))
        let one = try await snapshots.show(snapshot, of: name)
        let when = one.value["created"]?.string ?? ""
        try common.confirmed(
            "bring \"\(name)\" back to \"\(snapshot)\" of \(when)? All that it has written since is lost.")
        let (state, warnings) = try await snapshots.revert(
            name, to: snapshot, start: start, force: force, assumedAbsent: other.assumeAbsent)
        Terminal.show(warnings)
        Terminal.note("\(name) is as it was at \(when), \(state.activity.name)")
    }
}

struct SnapshotDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a snapshot; the VM stays as it is")
    @Argument(help: "VM") var name: String
    @Argument(help: "Snapshot") var snapshot: String
    @OptionGroup var other: OtherHostsOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        try common.confirmed("delete the snapshot \"\(snapshot)\" of \"\(name)\"?")
        try await MachineSnapshots(context, driver: try common.hypervisors(context))
            .delete(snapshot, of: name, assumedAbsent: other.assumeAbsent)
        Terminal.note("\(name) no longer has the snapshot \(snapshot)")
    }
}
