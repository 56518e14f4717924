internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create VMs from an image, an ISO or existing disks, and start them",
        discussion: """
            A failure or an interruption takes everything back that was made on the way. Roles that the inventory gives \
            the VM are applied inside it with --wait; without, `drover apply -t vm:NAME` does it.

            Disks and NICs come from the profiles virt:disk and virt:nic of the host's vars (Salt's notation works), and \
            from the options, which change those of their names. Without a name, the first --disk means the system disk, \
            and --nic says all NICs there are. virt:profile:NAME of the vars holds whole sizes for --profile.

            EXAMPLES
              drover vm create web1 --image debian-12 --cpus 2 --memory 2G --disk 20G --ssh-key ~/.ssh/id_ed25519.pub
              drover vm create 'web[1-3]' --image debian-12 --profile small --wait
              drover vm create db --image debian-12 --disk 20G --disk name=data,size=100G,pool=fast,cache=none
              drover vm create gw --image debian-12 --nic br0 --nic network=lan,ip=10.0.0.1/24 --uefi --tpm
              drover vm create box --root-tree rootfs.tar.gz --memory 128M --on hv9   (a container, where uri is lxc:///)
              drover vm create win --disk 60G --iso /srv/iso/setup.iso --graphics vnc --cpu host --on hv1

            --disk KEY=VALUE,...: name size format pool bus image source overlay cache io discard serial read_only \
            device iothread iothread_id sparse backing_store_path backing_store_format. --nic KEY=VALUE,...: name bridge \
            network direct mode user model mac vlan mtu ip gateway dns.

            --xml-patch FILE holds a fragment <domain xmlns:drover="urn:drover:patch:1">...</domain> that is laid over \
            the definition, element by element: attributes and text are set, elements that are not there are added. An \
            element's attribute drover:op is merge, replace, append or remove; drover:where="target/@dev=vda" chooses \
            among several of one name; drover:without="cache io" takes attributes away. libvirt checks the result.
            """)
    @Argument(help: "Name, unique in the fleet; a range such as 'web[1-3]' makes several") var name: String
    @Option(help: "Make so many: NAME-1, NAME-2, ...") var count: Int?
    @OptionGroup(title: "HARDWARE") var hardware: HardwareOptions
    @OptionGroup(title: "PLACE") var location: LocationOptions
    @OptionGroup(title: "FIRST BOOT") var firstBoot: FirstBootOptions
    @Flag(help: "Define it, and do not start it") var noStart = false
    @Flag(help: "Start it, and halt it before its first instruction") var paused = false
    @Flag(help: "Wait until the guest can be logged in to, and apply the roles that the inventory gives it")
    var wait = false
    @Option(help: "The same, but wait at most so many seconds (300)") var waitFor: Int?
    @Flag(help: "Make nothing: print the definition that libvirt would be given") var printXML = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if noStart && paused { throw ValidationError("give one of --no-start and --paused") }
        if (wait || waitFor != nil) && (noStart || paused) {
            throw ValidationError("a VM that does not run is not to be waited for")
        }
        if let waitFor, !(1...86_400).contains(waitFor) {
            throw ValidationError("--wait-for must be 1 to 86400 seconds")
        }
    }

    func run() async throws {
        let context = try common.context()
        let vars = context.inventory.vars
        let specs = try CreationBatch.names(name, count: count).map { name in
            try MachineSpec(name: name, entry, vars: vars)
        }
        if location.explain { return try await common.explain(specs, context) }
        if printXML { return try await preview(specs, context) }
        let results = try await create(specs, context)
        Terminal.clearStatus()
        let outcomes = await fanOut(results, limit: context.parallel) { await waited($0, context) }
        Terminal.clearStatus()
        try CreationView.show(outcomes, common.format)
    }

    private func create(_ specs: [MachineSpec], _ context: FleetContext) async throws -> [CreationBatch.Outcome] {
        let driver = try common.hypervisors(context)
        let say: @Sendable (String) -> Void = { [common] in common.progress($0) }
        do {
            guard let only = specs.first, specs.count == 1 else {
                return try await CreationBatch(context, driver: driver, say: say)
                    .create(specs, assumedAbsent: location.assumeAbsent)
            }
            let created = try await MachineCreation(context, driver: driver, say: say)
                .create(only, assumedAbsent: location.assumeAbsent)
            return [CreationBatch.Outcome(name: only.name, result: .success(created))]
        } catch {
            Terminal.clearStatus()
            throw error
        }
    }

    private func waited(_ outcome: CreationBatch.Outcome, _ context: FleetContext) async -> CreationView.Outcome {
        guard wait || waitFor != nil, case .success(let created) = outcome.result else {
            return CreationView.Outcome(name: outcome.name, result: outcome.result)
        }
        var seen = CreationView.Outcome(name: outcome.name, result: outcome.result)
        do {
            let driver = try common.hypervisors(context)
            let seconds = waitFor ?? 300
            let found = try await MachineCensus(context, driver: driver).find(created.uuid)
            seen.answer = try await GuestWaiting(context, driver: driver) { [common] in common.progress($0) }
                .wait(for: found, seconds: seconds)
            let view = ApplyView(isQuiet: common.format != .table, isVerbose: common.verbose)
            seen.roles = await GuestRoles(context, driver: driver) { view.show($0) }
                .apply(to: [outcome.name], within: seconds).first
        } catch {
            seen.problem = error
        }
        return seen
    }

    private func preview(_ specs: [MachineSpec], _ context: FleetContext) async throws {
        let creation = MachineCreation(context, driver: try common.hypervisors(context))
        for spec in specs {
            let found = try await creation.preview(spec, assumedAbsent: location.assumeAbsent)
            Terminal.clearStatus()
            Terminal.show(found.warnings)
            Output.write(
                ["name": Value(spec.name), "host": Value(found.host.name), "xml": Value(found.xml)], common.format
            ) { found.xml }
        }
    }

    /// The options as the keys of an entry in vms.yaml: both are read by the same reader.
    private var entry: Mapping {
        var entry = hardware.entry
        for (key, value) in location.entry { entry[key] = value }
        for (key, value) in firstBoot.entry { entry[key] = value }
        if noStart || paused { entry["state"] = Value(noStart ? "stopped" : "paused") }
        return entry
    }
}
