internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct VolumeDownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download", abstract: "Fetch a volume of one host into a new local file, byte for byte",
        discussion: "Holes are not sent. The file is private to you; an interrupted download leaves none.")
    @Argument(help: "Pool") var pool: String
    @Argument(help: "Volume") var name: String
    @Argument(help: "File, which must not exist") var file: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hostsToChange(context)
        guard hosts.count == 1, let host = hosts.first else {
            throw CommandFailure(.usage, [.error("name one host with -t", detail: "\(hosts.count) hosts match")])
        }
        let path = DiskPath.expandingHome(file)
        let driver = try common.hypervisors(context)
        let size = try await driver.visit(host) { connection in
            let volume = try await VolumeChange.found(name, pool, connection, host)
            // A running VM writes to it meanwhile: what arrives would be neither what it was nor what it is.
            try await VolumeChange.refuseRunning(volume, "download", over: connection, host: host)
            try await connection.download(name, in: pool, to: path) { progress in
                Terminal.status("\(host.name): \(progress.sent * 100 / max(1, progress.total)) %")
            }
            return DiskPath.size(path) ?? 0
        }
        Terminal.clearStatus()
        Output.write(
            [
                "host": Value(host.name), "pool": Value(pool), "name": Value(name), "file": Value(path),
                "bytes": Value(size),
            ], common.format
        ) { "\(pool)/\(name) of \(host.name): \(size) bytes in \(path)\n" }
    }
}
