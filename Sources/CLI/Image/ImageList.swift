internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct ImageList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the images, the hosts that have them, and the VMs that use them",
        discussion: """
            The hypervisors are asked at once; one that does not answer is named, with exit code 4.

            EXAMPLES
              drover image list
              drover image list --local
            """,
        aliases: ["ls"])
    @Flag(help: "Ask no host") var local = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let images = try ImageStore(common.fleetDirectory).list()
        var hosts: [(host: Host, answer: Result<[ImageCopies.Copy], HostProblem>)] = []
        if !local, let context = try? common.context() {
            let chosen = common.target == nil ? nil : try context.hosts(common.target)
            hosts = await ImageCopies(context, driver: try common.hypervisors(context), of: chosen).hosts
        }
        let places = ImagePlaces(hosts)
        // What hosts have that this controller has no name for is there too.
        let unnamed = places.digests.filter { digest in !images.contains { $0.digest.hasPrefix(digest) } }
        let rows =
            images.map { $0.value.merged(with: places.value($0.digest)) }
            + unnamed.map { places.unnamed($0).merged(with: places.value($0)) }
        Output.write(Value(rows), common.format) {
            var table = Table("NAME", "SHA256", "FORMAT", "FILE", "DISK", "HOSTS", "USED BY")
            for row in rows {
                let size = { (key: String) in row[key]?.int.map { "\(ByteSize(bytes: $0))" } ?? "" }
                table.add([
                    row["name"]?.string ?? "-", String((row["sha256"]?.string ?? "").prefix(16)),
                    row["format"]?.string ?? "", size("file_bytes"), size("virtual_bytes"), row.words("hosts"),
                    row.words("used_by"),
                ])
            }
            return table.text
        }
        try failIfAny(places.problems)
    }
}

struct ImageShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an image: its names, where it came from, where it is and who uses it")
    @Argument(help: "Image") var image: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let store = ImageStore(context.directory)
        let found = try store.find(image)
        let hosts = await ImageCopies(context, driver: try common.hypervisors(context)).hosts
        let places = ImagePlaces(hosts)
        var value = found.value.merged(with: places.value(found.digest))
        let names = try store.names(of: found.digest)
        let facts = Mapping([("names", Value(names.map { Value($0) })), ("path", Value(found.path))])
        value = value.merged(with: Value(facts.merged(with: store.origin(of: found.digest))))
        Output.write(value, common.format) { YAML.write(value) }
        try failIfAny(places.problems)
    }
}

/// What hosts answered, seen from the images.
struct ImagePlaces {
    private var copies: [(host: String, copy: ImageCopies.Copy)] = []
    let problems: [HostProblem]

    init(_ hosts: [(host: Host, answer: Result<[ImageCopies.Copy], HostProblem>)]) {
        problems = hosts.compactMap { if case .failure(let problem) = $0.answer { problem } else { nil } }
        for (host, answer) in hosts { copies += ((try? answer.get()) ?? []).map { (host.name, $0) } }
    }

    /// The first digits of every image that some host has.
    var digests: [String] { Set(copies.map(\.copy.digest)).sorted() }

    func value(_ digest: String) -> Value {
        let own = copies.filter { digest.hasPrefix($0.copy.digest) }
        let users = Set(own.flatMap(\.copy.users)).sorted()
        return ["hosts": Value(own.map { Value($0.host) }), "used_by": Value(users.map { Value($0) })]
    }

    /// An image that hosts have and this controller does not.
    func unnamed(_ digest: String) -> Value {
        let volume = copies.first { $0.copy.digest == digest }?.copy.volume
        return [
            "name": .null, "sha256": Value(digest), "format": volume?.format.map { Value($0) } ?? .null,
            "file_bytes": volume?.physical.map { Value(Int($0)) } ?? .null,
            "virtual_bytes": volume.map { Value(Int($0.capacity)) } ?? .null,
        ]
    }
}

extension Value {
    fileprivate func merged(with other: Value) -> Value {
        Value((map ?? Mapping()).merged(with: other.map ?? Mapping()))
    }

    fileprivate func words(_ key: String) -> String {
        (self[key]?.list ?? []).compactMap(\.string).map { Printable.line($0) }.joined(separator: ",")
    }
}

extension StoredImage {
    var value: Value {
        [
            "name": Value(name), "sha256": Value(digest), "format": Value(header.format.rawValue),
            "file_bytes": Value(fileSize), "virtual_bytes": Value(header.virtualSize),
        ]
    }
}
