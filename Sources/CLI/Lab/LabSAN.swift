import ArgumentParser
import Lab
import Values

struct LabSAN: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "san", abstract: "Disks that all hosts of the lab can use over iSCSI",
        discussion: """
            EXAMPLES
              drover lab up 2 --san
              drover lab san add web --image "$(drover lab image | tail -n 1)"   (prints the volume: unit:0:0:1)
              drover pool create san -t hypervisors --type iscsi-direct --source-host 10.77.0.10 \\
                  --device iqn.2026-01.lan.drover:san --initiator iqn.2026-01.lan.drover:hosts
              drover vm create web --disk name=system,pool=san,source=unit:0:0:1,cache=none,format=raw
            """,
        subcommands: [Add.self, List.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Make a disk; prints the name of its volume in a pool")

        @OptionGroup var options: LabOptions
        @Argument(help: "Its name in the SAN") var disk: String
        @Option(help: "Its size; 64M if neither this nor an image is given") var size: SizeArgument?
        @Option(help: "A qcow2 image, whose bytes it gets") var image: String?

        func validate() throws {
            if size != nil, image != nil { throw ValidationError("give one of --size and --image") }
        }

        func run() async throws {
            let lab = try options.lab()
            let unit = try await reportingLabErrors { () throws(LabError) in
                try await lab.san.add(disk, size: UInt64(size?.size.bytes ?? 64 << 20), image: image)
            }
            print("unit:0:0:\(unit)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the disks")

        @OptionGroup var options: LabOptions
        @Option(help: "table, json or yaml") var format: OutputFormat = .table

        func run() async throws {
            let lab = try options.lab()
            let disks = try await reportingLabErrors { () throws(LabError) in try await lab.san.list() }
            let value = Value(
                disks.map { disk -> Value in
                    [
                        "name": Value(disk.name), "volume": Value("unit:0:0:\(disk.unit)"),
                        "bytes": Value(Int(disk.size)), "target": Value(SAN.target),
                    ]
                })
            Output.write(value, format) {
                disks.map { "unit:0:0:\($0.unit)  \($0.name)  \(ByteSize(bytes: Int($0.size)))\n" }.joined()
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "remove", abstract: "Remove a disk with all on it")

        @OptionGroup var options: LabOptions
        @Argument(help: "Its name in the SAN") var disk: String

        func run() async throws {
            let lab = try options.lab()
            try await reportingLabErrors { () throws(LabError) in try await lab.san.remove(disk) }
        }
    }
}
