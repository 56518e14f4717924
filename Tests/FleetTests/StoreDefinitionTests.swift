import Foundation
import Hypervisor
import Subprocess
import TestSupport
import Testing
import Values

@testable import Fleet

/// One golden file for each thing that can be said of a pool, a network and a volume, held against libvirt's own schema,
/// defined in libvirt's own test driver, and read back as what was asked for.
@Suite struct StoreDefinitionTests {
    @Test(arguments: FleetFixtures.cases("stores/pools.yaml"))
    func aPoolHasItsDefinition(_ line: FixtureCase) async throws {
        let name = try #require(line["case"]?.string)
        let wish = try PoolWish(name, arguments: try #require(line["arguments"]))
        let xml = try wish.spec.xml()
        try await Definition.golden("pool-\(name)", xml, schema: "storagepool")
        #expect(!xml.contains("not in any"))
        let read = try #require(PoolSpec(reading: try XMLElement(reading: xml)))
        #expect(wish.spec.differences(from: read).isEmpty && read.arguments["source"] == wish.spec.arguments["source"])
        let again = try PoolWish(name, arguments: Value(wish.spec.arguments))
        #expect(again.spec == wish.spec)
        try await Definition.onTestDriver { connection in
            try await connection.definePool(xml: xml)
            let document = try #require(try await connection.poolDocument(name))
            let found = try #require(PoolSpec(reading: document))
            #expect(wish.spec.differences(from: found).isEmpty, "\(wish.spec.differences(from: found))")
        }
    }

    @Test(arguments: FleetFixtures.cases("stores/networks.yaml"))
    func aNetworkHasItsDefinition(_ line: FixtureCase) async throws {
        let name = try #require(line["case"]?.string)
        let wish = try NetworkWish(name, arguments: try #require(line["arguments"]))
        let xml = try wish.spec.xml()
        try await Definition.golden("network-\(name)", xml, schema: "network")
        let again = try NetworkWish(name, arguments: Value(wish.spec.arguments))
        #expect(again.spec.differences(from: wish.spec).isEmpty, "\(again.spec.differences(from: wish.spec))")
        try await Definition.onTestDriver { connection in
            try await connection.defineNetwork(xml: xml)
            let document = try #require(try await connection.networkDocument(name))
            let found = try #require(NetworkSpec(reading: document))
            #expect(wish.spec.differences(from: found).isEmpty, "\(wish.spec.differences(from: found))")
        }
    }

    @Test(arguments: FleetFixtures.cases("stores/volumes.yaml"))
    func aVolumeHasItsDefinition(_ line: FixtureCase) async throws {
        let name = try #require(line["case"]?.string)
        let wish = try VolumeWish("\(name).img", arguments: try #require(line["arguments"]))
        try await Definition.golden("volume-\(name)", try wish.spec.xml(), schema: "storagevol")
    }

    @Test(arguments: [PoolSource.Login.Kind.chap, .ceph])
    func aSecretHasItsDefinition(_ kind: PoolSource.Login.Kind) async throws {
        let secret = StoreSecret(
            uuid: "2ec115d7-3a88-3ceb-bc12-0ac909a6fd87", kind: kind, usage: "pool_it's",
            description: StoreSettlement.secretDescription("it's"))
        try await Definition.golden("secret-\(kind.rawValue)", try secret.xml(), schema: "secret")
    }

    @Test(arguments: FleetFixtures.cases("stores/refused.yaml"))
    func whatMakesNoSenseIsRefused(_ line: FixtureCase) throws {
        let arguments = try #require(line["arguments"])
        let outcome = Result {
            switch line["kind"]?.string {
            case "pool": _ = try PoolWish("x", arguments: arguments).spec.xml()
            case "network": _ = try NetworkWish("x", arguments: arguments).spec.xml()
            default: _ = try VolumeWish("x", arguments: arguments).spec.xml()
            }
        }
        var said = "nothing"
        if case .failure(let error) = outcome {
            said =
                (error as? HypervisorError)?.message ?? (error as? Diagnostics)?.all.first?.rendered(colored: false)
                ?? ""
        }
        let wanted = try #require(line["says"]?.string)
        #expect(said.contains(wanted), "\(said)")
    }
}

/// Golden definitions.
enum Definition {
    /// Compares with a golden file, or writes it when RECORD is set, and holds it against libvirt's schema where this
    /// machine has that.
    static func golden(_ name: String, _ xml: String, schema: String) async throws {
        let path = Checkout.root + "/Tests/FleetTests/Fixtures/stores/golden/\(name).xml"
        if ProcessInfo.processInfo.environment["RECORD"] != nil {
            try xml.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == xml, "differs from \(name)")
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/virt-xml-validate") else { return }
        let result = try await run(
            .name("virt-xml-validate"), arguments: [path, schema], output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16))
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
    }

    /// A node of its own.
    static func onTestDriver(_ body: (HypervisorConnection) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "drover-stores-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "<node/>".write(toFile: folder + "/node.xml", atomically: true, encoding: .utf8)
        let connection = try await HypervisorConnection.open(uri: "test://\(folder)/node.xml")
        do {
            try await body(connection)
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }
}
