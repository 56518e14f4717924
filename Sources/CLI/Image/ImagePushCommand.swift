internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct ImagePushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Bring an image to hosts, which pass it on to each other",
        discussion: """
            The controller sends the image once; hosts that have a part of it feed others over TLS, so the time hardly
            grows with their number. Holes never travel, and every copy is verified. A host that fails costs itself alone.

            EXAMPLES
              drover image push debian-12 -t hypervisors
              drover image push debian-12@sha256:9f86d081 -t 'hv[1-8]'
            """)
    @Argument(help: "Image") var image: String
    @Option(help: "Storage pool on the hosts") var pool = ImagePush.standardPool.name
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let found = try ImageStore(context.directory).find(image)
        let hosts = try context.hosts(common.target).filter { common.target != nil || $0.isHypervisor }
        let driver = try common.hypervisors(context)
        let report: ImagePush.Report
        do {
            report = try await ImagePush(context, driver: driver, pool: pool) { [common] in common.progress($0) }
                .push(found, to: hosts)
        } catch {
            Terminal.clearStatus()
            throw error
        }
        Terminal.clearStatus()
        Output.write(value(report, found), common.format) {
            var table = Table("HOST", "IMAGE", "RESULT")
            for outcome in report.outcomes { table.add([outcome.host.name, found.name, outcome.word]) }
            let seconds = (report.seconds * 10).rounded() / 10
            return table.text + "\(seconds) s; the controller sent \(ByteSize(bytes: report.sent))\n"
        }
        try failIfAny(
            report.outcomes.compactMap { outcome in
                if case .failure(let problem) = outcome.result { problem } else { nil }
            })
    }

    private func value(_ report: ImagePush.Report, _ image: StoredImage) -> Value {
        let hosts = report.outcomes.map { outcome -> Value in
            var problem = Value.null
            if case .failure(let why) = outcome.result { problem = Value(why.diagnostic.summary) }
            return ["host": Value(outcome.host.name), "result": Value(outcome.word), "problem": problem]
        }
        return [
            "image": Value(image.name), "sha256": Value(image.digest), "hosts": Value(hosts),
            "seconds": Value(report.seconds), "controller_bytes": Value(report.sent),
        ]
    }
}

extension ImagePush.Outcome {
    fileprivate var word: String {
        switch result {
        case .success(let arrival): arrival.rawValue
        case .failure(let problem): problem.kind == .unreachable ? "unreachable" : "failed"
        }
    }
}
