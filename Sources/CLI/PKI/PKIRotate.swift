internal import ArgumentParser
internal import Fleet
internal import Values

struct PKIRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Replace certificates host by host; guests and daemons go on running",
        discussion: """
            Hosts are done one after the other, each checked by a handshake before the next. With new CAs, all hosts \
            trust both before the first one shows a certificate of the new one. An interrupted rotation goes on when \
            the command is given again.
            """)
    /// What is replaced.
    enum Extent: String, EnumerableFlag {
        case leaf, ca, all

        static func help(for value: Extent) -> ArgumentHelp? {
            switch value {
            case .leaf: "New certificates and keys of hosts and controller (the default)"
            case .ca: "New CAs, and new certificates and keys from them"
            case .all: "Everything; the same as --ca"
            }
        }
    }

    @Flag(exclusivity: .exclusive) var extent: Extent = .leaf
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try context.hosts(common.target).filter(\.isHypervisor)
        let authority = try await context.directory.openAuthority()
        let rotation = CertificateRotation(context, authority: authority, timeout: .seconds(common.timeout)) {
            Terminal.note($0)
        }
        let scope: RotationScope = extent == .leaf ? .leaf : extent == .ca ? .ca : .all
        let strangers = scope.replacesAuthorities ? try rotation.strangers() : []
        if !strangers.isEmpty {
            try common.confirmed(
                "new CAs cut off who is not in the inventory: \(strangers.joined(separator: ", ")). Go on?")
        }
        let outcome = try await rotation.rotate(scope, hosts, forgetting: strangers)
        Output.write(outcome.value, common.format) { Self.table(outcome) }
        guard !outcome.isFinished else { return }
        throw CommandFailure(outcome.hasFailed ? .hostsFailed : .hostsUnreachable, outcome.problems)
    }

    private static func table(_ outcome: RotationOutcome) -> String {
        var table = Table("HOST", "RESULT", "API SERIAL", "MIGRATION SERIAL")
        for end in outcome.hosts {
            table.add([end.host, end.state.rawValue, end.apiSerial ?? "-", end.dataSerial ?? "-"])
        }
        let seconds = Double(Int(outcome.seconds * 10)) / 10
        return table.text + (outcome.isFinished ? "rotated in \(seconds) s\n" : "")
    }
}
