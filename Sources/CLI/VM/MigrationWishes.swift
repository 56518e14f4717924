internal import ArgumentParser
internal import Fleet
internal import Values

/// How VMs are to be moved: the options of everything that migrates.
struct MigrationWishes: ParsableArguments {
    @Option(
        help: "The longest time that the guest may stand still: 500ms, 2s; a bare number is milliseconds",
        transform: DurationArgument.milliseconds)
    var maxDowntime = TimeSpan(milliseconds: 500)

    @Option(
        help: "How long the copy may take before --if-stuck: 20m, 90s; a bare number is seconds",
        transform: DurationArgument.seconds)
    var deadline: TimeSpan?

    @Option(
        help: """
            When the guest changes its memory faster than it can be sent, or the deadline is over: cancel, pause it until the \
            rest is copied, or postcopy (it runs at the destination and fetches the rest; may be lost if the link breaks)
            """)
    var ifStuck = MigrationOptions.IfStuck.cancel

    @Option(
        help: "The most to send for each VM, memory and disks together: 80MiB/s, 1Gbit/s; a bare number is MiB/s",
        transform: RateArgument.read)
    var bandwidth: ByteRate?

    @Flag(help: "Compress memory: by zstd where both hosts can, else by XBZRLE")
    var compress = false

    @Option(
        help: """
            Network for memory and disks: a name from the destination's var "networks" (networks: {san: 10.88.0.11}), or a \
            range such as 10.88.0.0/24 that it has an address in
            """)
    var via: String?

    @Flag(help: "Run at the destination at once, without seeing that the source's copy is gone")
    var fastSwitchover = false

    @Flag(help: "Do not encrypt memory and disks")
    var plain = false

    @Option(
        help: "How long the source's copies of moved disks are kept: 1h, 0; a bare number is seconds",
        transform: DurationArgument.seconds)
    var keepSource = TimeSpan(seconds: 3600)

    func validate() throws {
        guard (1...3_600_000).contains(maxDowntime.milliseconds) else {
            throw ValidationError("--max-downtime must be 1ms to 1h")
        }
        if let deadline, deadline.milliseconds <= 0 { throw ValidationError("--deadline must be more than 0") }
        if let bandwidth, bandwidth.bytesPerSecond < 1 << 20 {
            throw ValidationError("--bandwidth must be 1 MiB/s or more: libvirt counts in whole MiB/s")
        }
    }

    var options: MigrationOptions {
        var options = MigrationOptions()
        options.maxDowntime = maxDowntime.milliseconds
        options.deadline = deadline?.seconds
        options.ifStuck = ifStuck
        options.bandwidth = bandwidth?.bytesPerSecond
        options.compress = compress
        options.via = via
        options.fastSwitchover = fastSwitchover
        options.plain = plain
        options.keepSource = keepSource.seconds
        return options
    }
}

extension MigrationOptions.IfStuck: ExpressibleByArgument {}
