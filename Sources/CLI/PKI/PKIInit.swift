internal import ArgumentParser
internal import Fleet
internal import PKI
internal import Values

struct PKIInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the fleet's authority: two CAs and this controller's own certificate",
        discussion: """
            One CA is for libvirt's API, one for QEMU's streams, whose keys QEMU can read. Hosts get their \
            certificates from `drover apply`. An authority that is there is set aside after you agreed.
            """)
    @Option(help: "Name that the CAs carry; the fleet directory's if not given") var name: String?
    @Option(help: "Kind of key: ec-p256, ec-p384, ed25519, rsa-3072 or rsa-4096", transform: Self.algorithm)
    var algorithm: KeyAlgorithm = .ecP256
    @Option(help: "Days that the CAs last") var days = 3650
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let directory = common.fleetDirectory
        let names = try AuthorityCreation.names(try directory.loadInventory())
        for one in names {
            let all = (one.dnsNames + one.ipAddresses).joined(separator: ", ")
            Terminal.note("\(one.host): its certificates will name \(all)")
        }
        let creation = AuthorityCreation(directory)
        let losses = await creation.losses()
        if let losses { try common.confirmed("replace \(losses)?") }
        let made = try await creation.create(
            fleetName: name ?? creation.standardName, algorithm: algorithm, days: days,
            overwrite: losses != nil)
        let value = try Self.value(made, names)
        Output.write(value, common.format) {
            var table = Table("CA", "SERIAL", "UNTIL")
            for line in value["authorities"]?.list ?? [] {
                table.add(["plane", "serial", "not_after"].map { line[$0]?.string ?? "" })
            }
            return table.text
        }
        Terminal.note("next: `drover apply` brings the hosts their certificates")
    }

    private static func algorithm(_ text: String) throws -> KeyAlgorithm {
        let algorithm = KeyAlgorithm(rawValue: text)
        guard KeyAlgorithm.supported.contains(algorithm) else {
            let all = KeyAlgorithm.supported.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\"\(text)\" is no kind of key: choose one of \(all)")
        }
        return algorithm
    }

    private static func value(_ made: AuthorityCreation.Outcome, _ names: [AuthorityCreation.Names]) throws -> Value {
        let authorities = try Plane.allCases.flatMap { plane in
            try made.authority.issuers(plane: plane).map { $0.value(plane: plane, issues: true) }
        }
        let hosts = names.map { one -> Value in
            [
                "host": Value(one.host), "names": Value(one.dnsNames.map { Value($0) }),
                "addresses": Value(one.ipAddresses.map { Value($0) }),
            ]
        }
        return [
            "directory": Value(made.authority.directory), "authorities": Value(authorities),
            "controller": made.controller.entry.value, "hosts": Value(hosts),
        ]
    }
}
