internal import ArgumentParser
internal import Fleet
internal import Values

struct VMResize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Give a VM more or fewer processors, memory, and larger disks",
        discussion: """
            What the running guest can take is changed at once, and the definition with it: processors up to the number, and
            memory up to the amount, that it was started with at most; disks always. The rest takes effect at the next start;
            the table says which is which. Disks do not shrink.

            EXAMPLES
              drover vm resize web1 --cpus 4 --memory 8G
              drover vm resize web1 --disk 40G                 the system disk
              drover vm resize web1 --disk data=200G
              drover vm resize web1 --max-cpus 16 --max-memory 32G
            """)
    @Argument(help: "VM") var name: String
    @Option(help: "Number of processors") var cpus: Int?
    @Option(help: "Memory, such as 2G; a bare number is MiB") var memory: SizeArgument?
    @Option(help: "New size of a disk: 40G, or data=40G for another than the system disk (repeatable)")
    var disk: [String] = []
    @Option(help: "How many processors it can have without a new start") var maxCpus: Int?
    @Option(help: "How much memory it can have without a new start") var maxMemory: SizeArgument?
    @Flag(help: "Change the running guest only, not its definition") var liveOnly = false
    @Flag(help: "Change the definition only, not the running guest") var nextBoot = false
    @OptionGroup var other: OtherHostsOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if liveOnly && nextBoot { throw ValidationError("--live-only and --next-boot exclude each other") }
        for text in disk where ResizeRequest.Disk(text) == nil {
            throw ValidationError("\"\(text)\" is no size of a disk: write 40G or data=40G")
        }
    }

    func run() async throws {
        var request = ResizeRequest()
        request.cpus = cpus
        request.maximumCPUs = maxCpus
        request.memory = memory?.size
        request.maximumMemory = maxMemory?.size
        request.disks = disk.compactMap { ResizeRequest.Disk($0) }
        request.scope = liveOnly ? .live : nextBoot ? .next : .both
        let context = try common.context()
        let resizing = MachineResizing(context, driver: try common.hypervisors(context))
        let changes = try await resizing.resize(name, request, assumedAbsent: other.assumeAbsent)
        Output.write(changes, common.format)
    }
}

extension Output {
    /// What was changed of a VM, and when it takes effect.
    static func write(_ changes: [MachineChange], _ format: OutputFormat) {
        write(Value(changes.map(\.value)), format) {
            guard !changes.isEmpty else { return "nothing to change\n" }
            var table = Table("WHAT", "FROM", "TO", "EFFECT", "NOTE")
            for change in changes {
                table.add([change.subject, change.from, change.to, change.effect, change.note ?? ""])
            }
            return table.text
        }
    }
}
