internal import ArgumentParser
internal import Fleet
internal import PKI
internal import Values

struct PKIStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what every hypervisor really serves, and what needs doing",
        discussion: "Leaves with 2 when something needs doing, with 4 when a host could not be reached.")
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try context.hosts(common.target).filter(\.isHypervisor)
        guard !hosts.isEmpty else {
            throw CommandFailure(
                .error, [.error("none of these hosts is a hypervisor", hint: "roles: [hypervisor] makes one")])
        }
        let authority = try await context.directory.openAuthority()
        let status = CertificateStatus(context, authority: authority, timeout: .seconds(common.timeout))
        let findings = try await status.examine(hosts)
        let now = Clock.now
        Output.write(Value(findings.map { $0.value(now: now) }), common.format) {
            var table = Table("HOST", "PLANE", "SERIAL", "DAYS LEFT", "VERIFIED", "PROBLEM")
            for finding in findings { table.add(Self.row(finding, now)) }
            return table.text
        }
        let advice = status.advice()
        Terminal.show(authority.warnings.map { .warning($0) } + advice)
        if findings.contains(where: \.isUnreachable) { throw CommandFailure(.hostsUnreachable) }
        if findings.contains(where: { $0.problem != nil }) || !advice.isEmpty { throw CommandFailure(.pending) }
    }

    private static func row(_ finding: CertificateFinding, _ now: Int) -> [String] {
        [
            finding.host, finding.plane.rawValue, finding.serial ?? "-",
            finding.daysLeft(now: now).map { String($0) } ?? "-", finding.isVerified ? "yes" : "no",
            finding.problem ?? "",
        ]
    }
}
