internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VolumeResize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Make a volume larger, or smaller with --shrink",
        discussion: "A volume of a running VM is refused: `drover vm resize` does that.")
    @Argument(help: "Pool") var pool: String
    @Argument(help: "Volume") var name: String
    @Argument(help: "New size, such as 40G") var size: SizeArgument
    @Flag(help: "Cut off what is behind the new end") var shrink = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        if shrink { try common.confirmed("cut \"\(pool)/\(name)\" down to \(size.size)? What is behind it is lost.") }
        let change = VolumeChange(context, driver: try common.hypervisors(context), pool: pool)
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name, size, shrink] host in
            try await change.resize(name, to: UInt64(size.size.bytes), shrinking: shrink, on: host)
        }
        try common.finish(answers, named: "\(pool)/\(name)")
    }
}

struct VolumeClone: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clone", abstract: "Copy a volume on its host",
        discussion: "An overlay is copied whole: the copy stands by itself.")
    @Argument(help: "Pool") var pool: String
    @Argument(help: "Volume") var name: String
    @Argument(help: "Name of the copy") var copy: String
    @Option(help: "Pool of the copy; the same if not given") var to: String?
    @Option(name: .customLong("type"), help: "qcow2 or raw; as the original if not given") var type: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        let change = VolumeChange(context, driver: try common.hypervisors(context), pool: pool)
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name, copy, to, type] host in
            try await change.clone(name, as: copy, to: to, format: type, on: host)
        }
        try common.finish(answers, named: "\(to ?? pool)/\(copy)")
    }
}

struct VolumeUploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload", abstract: "Send a file into a new volume, byte for byte",
        discussion: "Holes of the file are not sent. An interrupted upload leaves no volume.")
    @Argument(help: "Pool") var pool: String
    @Argument(help: "Name of the volume") var name: String
    @Argument(help: "File") var file: String
    @Flag(help: "Delete a volume of that name first, if nothing uses it") var replace = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        if replace { try common.confirmed("replace \"\(pool)/\(name)\"? What is in it is lost.") }
        let change = VolumeChange(context, driver: try common.hypervisors(context), pool: pool)
        let path = DiskPath.expandingHome(file)
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name, replace] host in
            try await change.upload(path, as: name, replacing: replace, on: host) { sent, total in
                Terminal.status("\(host.name): \(sent * 100 / max(1, total)) %")
            }
        }
        try common.finish(answers, named: "\(pool)/\(name)")
    }
}

struct VolumeDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a volume that neither a VM nor another volume uses",
        discussion: "A VM that is off counts as well. Of storage that several hosts reach, every hypervisor is asked.")
    @Argument(help: "Pool") var pool: String
    @Argument(help: "Volume") var name: String
    @Flag(help: "Overwrite it with zeros first") var wipe = false
    @Option(help: "Host that does not answer and is said not to use the shared storage (repeatable)")
    var assumeAbsent: [String] = []
    @Flag(help: "Show what would be deleted, and delete nothing") var check = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        if !check {
            let places = hosts.map(\.name).joined(separator: ", ")
            try common.confirmed("delete the volume \"\(pool)/\(name)\" of \(places)? What is in it is lost.")
        }
        let change = VolumeChange(context, driver: try common.hypervisors(context), pool: pool)
        let answers = await HostAnswers(hosts, limit: context.parallel) { [name, wipe, assumeAbsent, check] host in
            try await change.delete(name, wiping: wipe, on: host, assumedAbsent: assumeAbsent, check: check)
        }
        try common.finish(answers, named: "\(pool)/\(name)")
    }
}
