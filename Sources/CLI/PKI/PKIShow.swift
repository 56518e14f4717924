internal import ArgumentParser
internal import Fleet
internal import PKI
internal import Values

struct PKIShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the authority, what was issued to a holder, or one certificate")
    @Argument(help: "Host or other holder, serial number, or PEM file; the authority itself when nothing is named")
    var subject: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        if let subject, DiskPath.isFile(subject) { return try show(file: subject) }
        let authority = try await common.fleetDirectory.openAuthority()
        guard let subject else { return try show(authority) }
        if let entry = try authority.entry(serial: subject) { return try show(entry, authority) }
        let ledger = try authority.ledger()
        let entries = ledger.filter { $0.name == subject }
        guard !entries.isEmpty else {
            let hint = NearestName.of(subject, among: Set(ledger.map(\.name))).map { "did you mean \"\($0)\"?" }
            throw Diagnostics(.error("nothing was ever issued to \"\(subject)\"", hint: hint))
        }
        Output.write(Value(entries.map(\.value)), common.format) {
            var table = Table("PLANE", "SERIAL", "ISSUED", "UNTIL", "BY", "WHY", "REVOKED")
            for entry in entries.reversed() {
                table.add([
                    entry.plane.rawValue, entry.serial, UnixTime.iso8601(entry.issuedAt),
                    UnixTime.iso8601(entry.notAfter), entry.by, entry.reason, entry.revocation?.reason ?? "",
                ])
            }
            return table.text
        }
    }

    private func show(_ authority: Authority) throws {
        let value = Value(
            try Plane.allCases.flatMap { plane in
                try authority.issuers(plane: plane).enumerated().map { index, ca in
                    ca.value(plane: plane, issues: index == 0)
                }
            })
        Output.write(value, common.format) {
            var table = Table("PLANE", "SERIAL", "SUBJECT", "UNTIL", "KEY", "ISSUES")
            for line in value.list ?? [] {
                let cells = ["plane", "serial", "subject", "not_after", "algorithm"].map { line[$0]?.string ?? "" }
                table.add(cells + [line["issues"]?.bool == true ? "yes" : "no"])
            }
            return table.text
        }
    }

    private func show(_ entry: LedgerEntry, _ authority: Authority) throws {
        var fields = try Certificate(pem: entry.certificatePEM).description(plane: entry.plane)
        for (key, value) in entry.value.map ?? Mapping() where fields[key] == nil { fields[key] = value }
        Output.write(Value(fields), common.format) { YAML.write(Value(fields)) }
    }

    private func show(file: String) throws {
        let certificates = try Certificate.list(pem: try DiskFile.readText(file)).map {
            Value($0.description(plane: nil))
        }
        let value = Value(certificates)
        Output.write(value, common.format) { certificates.map { YAML.write($0) }.joined(separator: "\n") }
    }
}
