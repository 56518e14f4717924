internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostCopy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copy a file to hosts, from a host, or from host to host",
        discussion: """
            A place on a host is HOST:PATH; for what is copied to, HOST may be any target. The file is in its place whole
            or not at all, and its hash is compared. A file that is there keeps its owner and permissions.

            EXAMPLES
              drover host copy motd 'hypervisors:/etc/motd'
              drover host copy hv1:/var/log/syslog .
              drover host copy hv1:/etc/hosts hv2:/etc/hosts
            """)
    @Argument(help: "A path, or HOST:PATH") var source: String
    @Argument(help: "A path, or TARGET:PATH") var destination: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let sources = try TransferPlace.reading(source) { name throws(Diagnostics) in [try context.host(named: name)] }
        let places = try TransferPlace.reading(destination) { target throws(Diagnostics) in try context.hosts(target) }
        guard let source = sources.first else { return }
        let transfer = FileTransfer(context)
        let results = await fanOut(places, limit: context.parallel) { place in
            await Result { try await transfer.copy(source, to: place) }
        }
        let rows = zip(places, results)
        let value = Value(
            rows.map { place, result -> Value in
                [
                    "to": Value(place.name), "copied": Value((try? result.get()) != nil),
                    "bytes": (try? result.get()).map { Value($0) } ?? .null,
                ]
            })
        Output.write(value, common.format) {
            rows.compactMap { place, result in
                (try? result.get()).map { "\(source.name) -> \(place.name), \($0) bytes\n" }
            }.joined()
        }
        let errors = results.compactMap { if case .failure(let error) = $0 { error } else { nil } }
        try failIfAny(errors, of: places.count)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
