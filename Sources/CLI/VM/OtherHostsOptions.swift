internal import ArgumentParser

/// What is said of hosts that do not answer, where a second copy of a VM would do harm.
struct OtherHostsOptions: ParsableArguments {
    @Option(
        help: """
            Host that does not answer and is said neither to have the VM nor to use its disks (repeatable). Needed only where \
            it had a VM of that name when it last answered, has never answered, or reaches the same storage
            """)
    var assumeAbsent: [String] = []
}
