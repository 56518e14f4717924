import Hypervisor
import Inventory
import PKI
import Testing
import Values

@testable import Fleet

/// What is said before a migration, from what both hosts showed.
@Suite struct MigrationCheckTests {
    @Test(arguments: FleetFixtures.cases("migration-checks.yaml")) func finds(_ line: FixtureCase) throws {
        var survey = try Self.survey(line)
        survey.options.plain = true
        let found = MigrationCheck.all.filter { survey.isLive || !$0.isForLive }.filter { $0.name != "certificates" }
            .flatMap { check in
                check.findings(survey).map { finding in
                    "\(check.name): \(finding.severity.rawValue): \(finding.host ?? "-"): \(finding.summary)"
                }
            }
        #expect(found == line["finds"]?.list?.compactMap(\.string))
    }

    @Test func everyErrorNamesItsCure() throws {
        for line in FleetFixtures.cases("migration-checks.yaml") {
            let survey = try Self.survey(line)
            let findings = MigrationCheck.all.flatMap { $0.findings(survey) }.filter { $0.severity == .error }
            for finding in findings where finding.summary != "it cannot run guests of type \"kvm\"" {
                #expect(finding.hint != nil, "\(finding.summary)")
            }
        }
    }

    @Test func judgesCertificatesAsQEMUWill() async throws {
        try await AuthorityScratch.with { scratch in
            func pair(_ name: String, _ address: String, in authority: Authority, days: Int = 365) async throws
                -> String
            {
                try await authority.issue(
                    LeafProfile(
                        name: name, plane: .data, subject: Subject(commonName: name, organization: "test"),
                        dnsNames: [name], ipAddresses: [address], validityDays: days, algorithm: .ecP256),
                    requestedBy: "test", reason: "test"
                ).certificate.pem
            }
            let bundle = try scratch.authority.bundle(plane: .data)
            let client = try await pair("hv1", "10.0.0.1", in: scratch.authority)
            let server = try await pair("hv2", "10.0.0.2", in: scratch.authority)
            func judged(_ change: (inout MigrationSurvey) -> Void) throws -> [String] {
                var survey = try Self.survey(FixtureCase(line: Value(Mapping())))
                survey.sourceLook.certificates = [.ca: bundle, .client: client]
                survey.destinationLook.certificates = [.ca: bundle, .server: server]
                change(&survey)
                return CertificateChecks.data(survey).map { "\($0.host ?? ""): \($0.severity): \($0.detail ?? "")" }
            }
            #expect(try judged { _ in } == [])
            #expect(try judged { $0.destinationLook.certificates[.server] = nil } == ["hv2: error: it is not there"])
            #expect(
                try judged { $0.sourceLook.certificates[.ca] = nil }
                    == ["hv2: error: the other host has no /etc/pki/qemu/ca-cert.pem"])
            let misnamed = try judged { $0.destinationLook.certificates[.server] = client }
            #expect(misnamed == ["hv2: error: does not name '10.0.0.2', but 'hv1', '10.0.0.1'"])
            #expect(try judged { $0.destinationLook.certificates[.server] = "no PEM" }.count == 1)
            let late = try judged { $0.destinationLook.clockOffset = 400 * 86_400 }
            #expect(late == ["hv2: error: by the host's clock it is not valid: a clock is wrong"])
            let soon = try await pair("hv3", "10.0.0.2", in: scratch.authority, days: 1)
            let ending = try judged {
                $0.destinationLook.certificates[.server] = soon
                $0.destinationLook.clockOffset = 3600
            }
            #expect(ending.count == 1 && ending[0].hasPrefix("hv2: warning: it ends within 2"), "\(ending)")
            try await AuthorityScratch.with { stranger in
                let foreign = try await pair("hv1", "10.0.0.1", in: stranger.authority)
                let refused = try judged { $0.sourceLook.certificates[.client] = foreign }
                #expect(refused.count == 1 && refused[0].contains("which is not a trusted CA"), "\(refused)")
            }
            #expect(try judged { $0.options.plain = true } == ["hv1: warning: `--plain` was asked for"])
        }
    }

    /// Two hosts where nothing stands against it, changed as the case says.
    private static func survey(_ line: FixtureCase) throws -> MigrationSurvey {
        let addresses = line["addresses"]?.list?.compactMap(\.string) ?? ["10.0.0.1", "10.0.0.2"]
        let inventory = try AuthorityScratch.inventory(
            "hosts:\n  hv1: {address: \(addresses[0])}\n  hv2: {address: \(addresses[1])}\n")
        let source = try #require(inventory.hosts.first { $0.name == "hv1" })
        let destination = try #require(inventory.hosts.first { $0.name == "hv2" })
        let activity = line["state"]?.string.flatMap { name in DomainState.Activity.allCases.first { $0.name == name } }
        let uuids = line["uuids"]?.list?.compactMap(\.string) ?? ["one", "two"]
        func info(_ index: Int) throws -> HostInfo {
            func version(_ key: String, _ fallback: UInt) -> LibraryVersion {
                LibraryVersion(rawValue: (line[key]?.list?[index].int).map { UInt($0) } ?? fallback)
            }
            let capabilities = HostCapabilities(
                try XMLElement(
                    reading: """
                        <capabilities><host><uuid>\(uuids[index])</uuid></host>
                        <guest><os_type>hvm</os_type><arch name='x86_64'><emulator>/usr/bin/qemu</emulator>
                        <machine canonical='pc-q35-7.2'>q35</machine><machine>pc-q35-7.2</machine>
                        <domain type='qemu'/></arch></guest></capabilities>
                        """))
            return HostInfo(
                hostname: "h", uuid: uuids[index], libvirtVersion: version("libvirt", 9_000_000),
                hypervisorVersion: version("qemu", 9_000_000), architecture: "x86_64", cpus: 4, memoryMiB: 8192,
                freeMemoryMiB: 4096, capabilities: capabilities)
        }
        var options = MigrationOptions()
        options.ifStuck = line["if_stuck"]?.string.flatMap(MigrationOptions.IfStuck.init) ?? options.ifStuck
        options.via = line["via"]?.string
        return MigrationSurvey(
            machine: DomainSummary(
                name: "web1", uuid: "u1",
                state: DomainState(activity: activity ?? .running, reason: Int32(line["reason"]?.int ?? 0)), cpus: 2,
                memoryMiB: 512),
            guest: try guest(line), source: source, destination: destination, options: options,
            snapshots: line["snapshots"]?.list?.compactMap(\.string) ?? [], hasJob: line["job"]?.bool ?? false,
            sourceInfo: try info(0), destinationInfo: try info(1),
            sourceLook: look(line, "source_look", "source_answers"), destinationLook: look(line, "look", "answers"),
            toDestination: HostReach(line["reach"]?.string ?? "api yes\ndata yes"),
            toSource: HostReach(line["reach_back"]?.string ?? "api yes"),
            namesake: line["namesake"].map {
                DomainSummary(
                    name: $0["name"]?.string ?? "", uuid: $0["uuid"]?.string ?? "",
                    state: DomainState(activity: .shutOff), cpus: 1, memoryMiB: 1)
            },
            networks: Dictionary(
                uniqueKeysWithValues: (line["networks"]?.map ?? Mapping()).map {
                    ($0.0.string ?? "", $0.1.bool ?? false)
                }),
            processor: processor(line["processor"]))
    }

    private static func processor(_ value: Value?) -> MigrationSurvey.ProcessorAnswer {
        if let words = value?["lacks"]?.string { return .lacks(words) }
        if let words = value?["unknown"]?.string { return .unknown(words) }
        return .fits(value?["fits"]?.string == "superset" ? .superset : .identical)
    }

    private static func guest(_ line: FixtureCase) throws -> DomainDescription {
        let system = line["system"]?.string ?? "<type arch='x86_64' machine='pc-q35-7.2'>hvm</type>"
        return DomainDescription(
            try XMLElement(
                reading: """
                    <domain type='\(line["type"]?.string ?? "qemu")'><name>web1</name><uuid>u1</uuid><vcpu>2</vcpu>
                    <os>\(system)</os>\(line["cpu"]?.string ?? "")\(line["memory"]?.string ?? "")
                    <devices>\(line["devices"]?.string ?? "")</devices></domain>
                    """))
    }

    /// As the script prints it: questions are answered by their numbers.
    private static func look(_ line: FixtureCase, _ key: String, _ answers: String) -> HostLook {
        let asked = Array(line[answers]?.map ?? Mapping())
        let questions = asked.compactMap { question($0.0.string ?? "") }
        let said = asked.enumerated().map { "answer \($0.offset) \($0.element.1.string ?? "")\n" }.joined()
        return HostLook(said + (line[key]?.string ?? ""), questions: questions, at: 1000)
    }

    private static func question(_ word: String) -> HostLook.Question? {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "bridge": return .bridge(parts[1])
        case "openvswitch": return .openvswitch(parts[1])
        case "file": return .file(parts[1])
        case "link": return .link(parts[1])
        case "program": return .program(parts[1])
        case "resolve": return .resolve(parts[1])
        case "listen": return .listen
        default: return nil
        }
    }
}
