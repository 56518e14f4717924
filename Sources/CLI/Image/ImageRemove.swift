internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct ImageRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take an image's name away, and with its last name the image from everywhere",
        discussion: """
            With -t only the copies of these hosts go. Refused while a VM stands on a copy, and while a host that could have
            one does not answer.

            EXAMPLES
              drover image remove debian-12:2026-10
              drover image remove debian-12 -t hv3
            """,
        aliases: ["rm", "delete"])
    @Argument(help: "Image") var image: String
    @Option(help: "Host that does not answer and is said not to use it (repeatable)") var assumeUnused: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let store = ImageStore(context.directory)
        let found = try store.find(image)
        let others = try store.names(of: found.digest).filter { $0 != found.name }
        guard common.target != nil || others.isEmpty else {
            try common.confirmed("take the name \"\(found.name)\" away? The content is also \(others[0]).")
            _ = try store.remove(name: found.name)
            Terminal.note("\(found.name) removed; the content is still \(others.joined(separator: ", "))")
            return
        }
        let hosts = try context.hosts(common.target).filter { common.target != nil || $0.isHypervisor }
        let removal = ImageRemoval(context, driver: try common.hypervisors(context))
        let copies = try await removal.copies(
            of: [found.digest], on: hosts, assumedUnused: assumeUnused)
        for (host, copy) in copies { Terminal.note("\(host.name): \(Printable.line(copy.volume.path)) will be lost") }
        if common.target == nil {
            Terminal.note("\(found.name)@sha256:\(found.digest) will be lost on this controller")
        }
        try common.confirmed("remove the image \"\(found.name)\"?")
        // The name stays too while a copy does, so that the command can be given again.
        try failIfAny(try await removal.remove(copies))
        if common.target == nil { _ = try store.remove(name: found.name) }
        Terminal.note("\(found.name) removed\(common.target == nil ? "" : " from \(copies.count) hosts")")
    }
}

struct ImagePrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove hosts' copies of images that no VM stands on",
        discussion: """
            Copies of images without a name here go; with --all those of named images too, which the next VM fetches again.
            A host that does not answer keeps what it has, and is named (exit 4).

            EXAMPLES
              drover image prune -t 'hv*' --all
              drover image prune --parts
            """)
    @Flag(help: "Also copies of images that have a name") var all = false
    @Flag(help: "Only unfinished downloads of this controller") var parts = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = ImageStore(common.fleetDirectory)
        if parts {
            let bytes = store.removeParts()
            Terminal.note("\(ByteSize(bytes: bytes)) of unfinished downloads removed")
            return
        }
        let context = try common.context()
        let hosts = try context.hosts(common.target).filter(\.isHypervisor)
        let removal = ImageRemoval(context, driver: try common.hypervisors(context))
        let named = try store.list().map(\.digest)
        let (unused, silent) = await removal.unused(on: hosts)
        let copies = unused.filter { pair in all || !named.contains { $0.hasPrefix(pair.copy.digest) } }
        for (host, copy) in copies { Terminal.note("\(host.name): \(Printable.line(copy.volume.path))") }
        var problems: [HostProblem] = []
        if !copies.isEmpty {
            try common.confirmed("remove \(copies.count) copies that no VM stands on?")
            problems = try await removal.remove(copies)
        }
        let swept = try store.sweep()
        Terminal.note("\(copies.count - problems.count) copies on hosts and \(swept) files of this controller removed")
        try failIfAny(problems + silent)
    }
}
