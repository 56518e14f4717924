internal import ArgumentParser
internal import Fleet
internal import Values

/// What `vm plan`, `vm apply` and `up` take alike.
struct PlanOptions: ParsableArguments {
    @Option(help: "VM in no file that may be deleted (repeatable)") var allowDelete: [String] = []
    @Option(help: "Host that does not answer and is said to have none of the VMs that are missing (repeatable)")
    var assumeAbsent: [String] = []

    func planning(_ names: [String]) -> FleetPlanning.Options {
        var options = FleetPlanning.Options()
        options.names = names
        options.deletable = allowDelete
        options.assumedAbsent = Set(assumeAbsent)
        return options
    }
}
