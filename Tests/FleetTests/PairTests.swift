import Foundation
import Inventory
import Modules
import PKI
import TestSupport
import Testing
import Values

@testable import Fleet

/// Whether a host keeps its pair, and what is shipped then.
@Suite struct PairTests {
    private static let decisions = FleetFixtures.cases("pair-decisions.yaml")

    @Test(arguments: decisions) func decides(_ line: FixtureCase) {
        let recorded = line["recorded"].map {
            PairDecision.Recorded(
                serial: $0["serial"]?.string ?? "", keySHA256: $0["key"]?.string ?? "", renewal: $0["renewal"]?.string)
        }
        let decision = PairDecision.of(
            recorded, installed: (server: line["server"]?.string, client: line["client"]?.string),
            replacing: Set(line["replacing"]?.list?.compactMap(\.string) ?? []))
        #expect(decision == line["issue"]?.string.map { PairDecision.issue(reason: $0) } ?? .keep)
    }

    @Test func issuesOnceAndKeepsWhatIsInPlace() async throws {
        try await AuthorityScratch.with { scratch in
            let host = try #require(try AuthorityScratch.inventory(AuthorityScratch.threeHosts).hosts.first)
            let pairs = HostPairs(scratch.authority, replacing: [], test: false)
            let first = try await pairs.keys(for: host, try .having([]))
            #expect(first.files.count == 12)
            #expect(first.files.filter { $0.role == .serverkey }.allSatisfy { $0.content != nil })
            let api = try #require(try scratch.authority.current(name: "hv1", plane: .api))
            let data = try #require(try scratch.authority.current(name: "hv1", plane: .data))
            #expect(api.ipAddresses == ["10.0.0.1"] && api.dnsNames == ["hv1"])
            #expect(api.issuerSerial != data.issuerSerial)

            let placed = try KeySurvey.having(first.placed)
            let again = try await pairs.keys(for: host, placed)
            #expect(again.version == first.version)
            #expect(again.files.filter { $0.role == .serverkey }.allSatisfy { $0.content == nil })
            #expect(try scratch.authority.current(name: "hv1", plane: .api) == api)

            // A check of a host that needs new ones foretells it and writes nothing.
            let before = try scratch.authority.ledger()
            let foretold = try await HostPairs(scratch.authority, replacing: [api.serial], test: true)
                .keys(for: host, placed)
            #expect(foretold.version != first.version)
            #expect(try scratch.authority.ledger() == before)

            let replaced = try await HostPairs(scratch.authority, replacing: [api.serial], test: false)
                .keys(for: host, placed)
            #expect(replaced.version != first.version)
            let latest = try #require(try scratch.authority.current(name: "hv1", plane: .api))
            #expect(latest.serial != api.serial && latest.reason == "it is rotated")
            #expect(try scratch.authority.current(name: "hv1", plane: .data) == data)
        }
    }

    @Test func followsTheInventory() async throws {
        try await AuthorityScratch.with { scratch in
            let pairs = HostPairs(scratch.authority, replacing: [], test: false)
            let before = try #require(try AuthorityScratch.inventory(AuthorityScratch.threeHosts).hosts.first)
            let first = try await pairs.keys(for: before, try .having([]))
            let text =
                AuthorityScratch.threeHosts
                + "\nhosts: {hv1: {pki: {names: [blade1.example], addresses: [10.9.0.1]}}}\n"
            let after = try #require(try AuthorityScratch.inventory(text).hosts.first { $0.name == "hv1" })
            _ = try await pairs.keys(for: after, try .having(first.placed))
            let entry = try #require(try scratch.authority.current(name: "hv1", plane: .data))
            #expect(entry.dnsNames == ["blade1.example", "hv1"] && entry.ipAddresses == ["10.0.0.1", "10.9.0.1"])
            #expect(entry.reason.hasPrefix("its names changed"))
        }
    }

    @Test func refusesTwoHostsWithOneAddress() throws {
        let text = """
            groups:
              hypervisors:
                hosts: {hv1: {address: 10.0.0.1}, hv2: {address: 10.0.0.2, pki: {addresses: [10.0.0.1]}}}
            """
        let hosts = try AuthorityScratch.inventory(text).hosts
        let thrown = #expect(throws: Diagnostics.self) { try HostProfiles.check(hosts) }
        #expect(thrown?.all.first?.summary == "two hosts claim \"10.0.0.1\": hv1 and hv2")
    }
}

extension VirtKeys {
    /// What a host has when all of it was put in place.
    fileprivate var placed: [(place: String, sha256: String)] {
        files.map { ("\($0.plane.rawValue).\($0.role.rawValue)", $0.sha256) }
    }
}
