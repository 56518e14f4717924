import Foundation
import Inventory
import Modules
import PKI
import TestSupport
import Testing
import Values

@testable import Fleet

/// The order of a rotation: who trusts and shows what, and when.
@Suite(.timeLimit(.minutes(2))) struct RotationTests {
    private static let stages = FleetFixtures.cases("rotation-stages.yaml")

    @Test(arguments: stages) func knowsHowFarItIs(_ line: FixtureCase) throws {
        let issuers = try #require(line["issuers"]?.list).compactMap(\.string)
        let stage = RotationStage.of(issuers: issuers, old: try #require(line["old"]?.string))
        #expect("\(stage)" == line["stage"]?.string)
    }

    /// What a host, or the controller, shows and trusts.
    private struct Party {
        var certificate: Certificate
        var bundle: String
    }

    /// Walks through a rotation of both CAs with three hosts, in the order that `RotationWork` takes, and after each
    /// single step lets everybody verify everybody.
    @Test(arguments: Plane.allCases) func everybodyTrustsEverybodyAtEveryStep(_ plane: PKI.Plane) async throws {
        try await AuthorityScratch.with { scratch in
            let authority = scratch.authority
            let hosts = try AuthorityScratch.inventory(AuthorityScratch.threeHosts).hosts
            var parties: [String: Party] = [:]
            func deliver(_ host: FleetHost) async throws {
                let survey = try parties[host.name].map { party in
                    let entry = try #require(try authority.entry(serial: party.certificate.serial))
                    return try KeySurvey.having([
                        ("\(plane).serverkey", entry.keySHA256), ("\(plane).clientkey", entry.keySHA256),
                    ])
                }
                let keys = try await HostPairs(authority, replacing: [], test: false).keys(
                    for: host, try survey ?? .having([]))
                func text(_ role: VirtKeyFile.Role) throws -> String {
                    let file = keys.files.first { $0.plane.rawValue == plane.rawValue && $0.role == role }
                    return String(decoding: try #require(file?.content), as: UTF8.self)
                }
                parties[host.name] = Party(
                    certificate: try Certificate(pem: try text(.servercert)), bundle: try text(.cacert))
                try meet()
            }
            func meet() throws {
                for (name, shown) in parties {
                    for (other, party) in parties {
                        let verdict = try TrustBundle(pem: party.bundle).verify(shown.certificate, purpose: .client)
                        #expect(verdict.isTrusted, "\(other) refuses \(name): \(verdict.problems)")
                    }
                }
            }
            for host in hosts { try await deliver(host) }
            let old = try #require(try authority.issuers(plane: plane).first?.serial)
            func stage() throws -> RotationStage {
                .of(issuers: try authority.issuers(plane: plane).map(\.serial), old: old)
            }
            let before = parties.mapValues(\.certificate.serial)

            #expect(try stage() == .creation)
            try await authority.beginRotation(plane: plane, promoting: false, requestedBy: "t", reason: "t")
            #expect(try stage() == .trust)
            for host in hosts { try await deliver(host) }
            #expect(parties.mapValues(\.certificate.serial) == before, "bundles alone replace no pair")

            try await authority.promoteNewCA(plane: plane)
            try await authority.promoteNewCA(plane: plane)
            #expect(try stage() == .pairs)
            for host in hosts { try await deliver(host) }
            #expect(parties.allSatisfy { $0.value.certificate.serial != before[$0.key] })

            _ = try await authority.finishRotation(plane: plane, force: true, requestedBy: "t", reason: "t")
            #expect(try stage() == .cleanup)
            for host in hosts { try await deliver(host) }
            let final = try authority.bundle(plane: plane)
            #expect(parties.values.allSatisfy { $0.bundle == final })
        }
    }

    @Test func newCADoesNotTakeOverBeforeItIsPromoted() async throws {
        try await AuthorityScratch.with { scratch in
            let authority = scratch.authority
            let own = try await authority.ownPair()
            try await authority.beginRotation(plane: .api, promoting: false, requestedBy: "t", reason: "t")
            #expect(
                try await authority.ownPair().entry == own.entry, "the controller shows no certificate of the new CA")
            let early = await #expect(throws: PKIError.self) {
                try await authority.finishRotation(plane: .api, force: true, requestedBy: "t", reason: "t")
            }
            #expect(early?.message == "the new api CA does not issue yet")
            try await authority.promoteNewCA(plane: .api)
            #expect(try await authority.ownPair().renewed != nil)
        }
    }

    @Test func leavesOfTheControllerRotateToo() async throws {
        try await AuthorityScratch.with { scratch in
            let own = try await scratch.authority.ownPair()
            let next = try await scratch.authority.ownPair(replacing: [own.entry.serial])
            #expect(next.entry.serial != own.entry.serial && next.renewed == "it is rotated")
            #expect(try await scratch.authority.ownPair(replacing: [own.entry.serial]).entry == next.entry)
        }
    }

    @Test func journalKeepsTheOrder() async throws {
        try await AuthorityScratch.with { scratch in
            let order = RotationOrder(
                scope: .ca, hosts: ["hv2", "hv1"], oldAuthorities: [.api: "aa", .data: "bb"], replaced: ["11", "22"],
                forgotten: ["laptop"])
            let log = try Journal(scratch.directory).begin("rotate", order.fields)
            try log.record("rotated", Mapping([("host", "hv2")]))
            let record = try #require(CertificateRotation.unfinished(scratch.directory))
            #expect(RotationOrder(record) == order)
            try log.record("finished")
            #expect(CertificateRotation.unfinished(scratch.directory) == nil)
        }
    }

    @Test func newCAsAreRefusedForSomeHostsOnly() async throws {
        try await AuthorityScratch.with { scratch in
            let inventory = try AuthorityScratch.inventory(AuthorityScratch.threeHosts)
            let context = FleetContext(
                directory: scratch.directory, inventory: inventory, connector: NobodyAnswers(), parallel: 4)
            let rotation = CertificateRotation(context, authority: scratch.authority, timeout: .seconds(1))
            let refused = await #expect(throws: Diagnostics.self) {
                try await rotation.rotate(.ca, Array(inventory.hosts.prefix(2)))
            }
            #expect(refused?.all.first?.detail == "\"hv3\" is not among the hosts named")
            #expect(try scratch.authority.issuers(plane: .api).count == 1)
        }
    }

    /// A rotation with nobody there stops before anything depends on it, and goes on as the same operation.
    @Test func stopsBeforeItMatters() async throws {
        try await AuthorityScratch.with { scratch in
            let inventory = try AuthorityScratch.inventory(AuthorityScratch.threeHosts)
            let context = FleetContext(
                directory: scratch.directory, inventory: inventory, connector: NobodyAnswers(), parallel: 4)
            let rotation = CertificateRotation(context, authority: scratch.authority, timeout: .seconds(1))
            let old = try scratch.authority.issuers(plane: .api).map(\.serial)
            let first = try await rotation.rotate(.all, inventory.hosts)
            #expect(!first.isFinished && first.hosts.map(\.state) == [.unreachable, .unreachable, .unreachable])
            #expect(first.problems.count == 4)
            let issuers = try scratch.authority.issuers(plane: .api).map(\.serial)
            #expect(issuers.count == 2 && issuers.first == old.first, "the old CA goes on issuing")
            let second = try await rotation.rotate(.leaf, inventory.hosts)
            #expect(second.operation == first.operation && second.scope == .all)
            #expect(try scratch.authority.issuers(plane: .api).map(\.serial) == issuers)
        }
    }

    @Test func onlyOneProcessRotates() async throws {
        try await AuthorityScratch.with { scratch in
            let inventory = try AuthorityScratch.inventory(AuthorityScratch.threeHosts)
            let context = FleetContext(
                directory: scratch.directory, inventory: inventory, connector: NobodyAnswers(), parallel: 4)
            let rotation = CertificateRotation(context, authority: scratch.authority)
            let other = try OperationLock(scratch.directory, "rotate", meaning: "the certificates")
            await #expect(throws: OperationLocked.self) { try await rotation.rotate(.leaf, inventory.hosts) }
            withExtendedLifetime(other) {}
        }
    }

    @Test func strangersAreAskedAbout() async throws {
        try await AuthorityScratch.with { scratch in
            let profile = LeafProfile(
                name: "laptop", plane: .api, subject: Subject(commonName: "laptop"), purposes: .client)
            _ = try await scratch.authority.issue(profile, requestedBy: "t", reason: "t")
            let inventory = try AuthorityScratch.inventory(AuthorityScratch.threeHosts)
            let context = FleetContext(
                directory: scratch.directory, inventory: inventory, connector: NobodyAnswers(), parallel: 4)
            let rotation = CertificateRotation(context, authority: scratch.authority)
            #expect(try rotation.strangers() == ["laptop"])
            let refused = await #expect(throws: Diagnostics.self) { try await rotation.rotate(.ca, inventory.hosts) }
            #expect(refused?.all.first?.summary == "new CAs would cut off \"laptop\"")
        }
    }
}
