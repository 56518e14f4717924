internal import ArgumentParser
internal import Fleet
internal import Values

struct VMSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a VM's disks, NICs, drive, boot order, processor, display, ...",
        discussion: """
            Disks and NICs are plugged in and out of a running guest where it can take that, and of the definition in any case;
            the table says what waits for the next start. A device that is taken away is gone when the guest has let go of it.

            EXAMPLES
              drover vm set web1 --add-disk name=data,size=100G --add-nic bridge=br1
              drover vm set web1 --remove-disk data --delete-volumes
              drover vm set web1 --iso /var/lib/libvirt/images/rescue.iso --boot cdrom,disk
              drover vm set web1 --iso none --autostart on --note "the shop's front end"
            """)
    @Argument(help: "VM") var name: String
    @Option(help: "Disk: a size, or name=data,size=20G,pool=...,source=VOLUME or PATH,... (repeatable)")
    var addDisk: [String] = []
    @Option(help: "Disk to take away, by its name, such as data (repeatable); its volume stays") var removeDisk:
        [String] = []
    @Flag(help: "Delete the volumes of the disks taken away") var deleteVolumes = false
    @Option(help: "NIC: a bridge, or bridge=br0,vlan=5,... (repeatable)") var addNic: [String] = []
    @Option(help: "NIC to take away: its MAC address, or eth1 for the second (repeatable)") var removeNic: [String] = []
    @Option(help: "ISO in the drive: a path on the host, a volume of pool default, or none") var iso: String?
    @Option(help: "Order to boot in: disk, network, cdrom, with commas between") var boot: String?
    @Option(help: "Start it with its host: on or off") var autostart: Switch?
    @Option(help: "What its definition says of it; empty removes it") var note: String?
    @Option(help: "Whom it is noted to belong to; empty removes it") var owner: String?
    @Option(help: "Processor: fleet, host, or a model of libvirt's") var cpu: String?
    @Option(help: "libvirt's machine type") var machine: String?
    @Option(help: "Display, on its host's loopback: vnc, spice or none") var graphics: String?
    @Option(help: "Seconds that a guest gets to let go of a device") var wait = 20
    @OptionGroup var other: OtherHostsOptions
    @OptionGroup var common: CommonOptions

    /// On or off, as people say it.
    enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

    func validate() throws {
        if let graphics, Graphics(rawValue: graphics) == nil {
            throw ValidationError("--graphics must be \(Graphics.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        if deleteVolumes && removeDisk.isEmpty { throw ValidationError("--delete-volumes needs --remove-disk") }
        guard (0...3600).contains(wait) else { throw ValidationError("--wait must be 0 to 3600 seconds") }
    }

    func run() async throws {
        var request = ChangeRequest()
        request.addedDisks = try addDisk.map { try DiskRequest(argument: $0) }
        request.removedDisks = removeDisk
        request.deletesVolumes = deleteVolumes
        request.addedNICs = try addNic.map { try NICRequest(argument: $0) }
        request.removedNICs = removeNic
        request.iso = iso
        request.boot = boot.map { $0.split(separator: ",").map(String.init) }
        request.autostart = autostart.map { $0 == .on }
        request.note = note
        request.owner = owner
        request.cpu = cpu.map { CPUChoice($0) }
        request.machine = machine
        request.graphics = graphics.flatMap { Graphics(rawValue: $0) }
        request.patience = wait
        guard !request.isEmpty else {
            throw CommandFailure(
                .usage, [.error("nothing is to be changed", hint: "`drover vm set --help` lists what can be")])
        }
        if deleteVolumes {
            try common.confirmed("delete the volumes of \(removeDisk.quoted) of \"\(name)\"? What is on them is lost.")
        }
        let context = try common.context()
        let changing = MachineChanging(context, driver: try common.hypervisors(context)) { [common] in
            common.progress($0)
        }
        let changes: [MachineChange]
        do {
            changes = try await changing.change(name, request, assumedAbsent: other.assumeAbsent)
        } catch {
            Terminal.clearStatus()
            throw error
        }
        Terminal.clearStatus()
        Output.write(changes, common.format)
    }
}
