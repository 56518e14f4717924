import Foundation
import Testing
import Values

@testable import Fleet

/// The first boot of a copy, made of the source's.
@Suite struct CloneSeedTests {
    private func seed(networkConfig: String? = nil) -> CloneSeed {
        CloneSeed(
            old: "web1", new: "web2", instance: "uuid-2",
            addresses: [("52:54:00:aa:bb:01", "52:54:00:aa:bb:02")], networkConfig: networkConfig)
    }

    private func pieces(_ given: [String: String], _ seed: CloneSeed) async throws -> ([String: String], CloneSeed.Made)
    {
        let (files, made) = try await seed.pieces(from: given)
        return (Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.text) }), made)
    }

    @Test func isAnotherInstanceWithAKeyOfItsOwn() async throws {
        let given =
            "#cloud-config\nhostname: web1\nssh_keys:\n  ed25519_private: OLD\n  ed25519_public: OLD\nusers: [me]\n"
        let (files, made) = try await pieces(["user-data": given], seed())
        let meta = try YAML.read(SourceText(name: "meta", text: files["meta-data"] ?? ""))
        #expect(meta["instance-id"]?.string == "uuid-2" && meta["local-hostname"]?.string == "web2")
        let data = try YAML.read(SourceText(name: "user", text: files["user-data"] ?? ""))
        #expect(data["hostname"]?.string == "web2")
        #expect(data["users"]?.list?.compactMap(\.string) == ["me"])
        #expect(data["ssh_keys"]?["ed25519_public"]?.string == made.hostKey)
        #expect(made.hostKey?.hasPrefix("ssh-ed25519 ") == true)
        #expect(files["user-data"]?.contains("OLD") == false)
        #expect(made.warnings.isEmpty && files["network-config"] == nil)
    }

    /// The user's part stays byte for byte; Drover's own, the last, is changed, in base 64 too.
    @Test(arguments: ["plain", "schön"]) func changesOnlyItsOwnPart(_ word: String) async throws {
        let user = "#!/bin/sh\necho hostname: web1 \(word)\n"
        let own = Mapping([("hostname", "web1"), ("runcmd", Value([Value(word)]))])
        let text = try UserData(user).text(with: own)
        let (files, made) = try await pieces(["user-data": text], seed())
        let keys: Value = ["ed25519_private": "K", "ed25519_public": "K"]
        let expected = Mapping([("hostname", "web2"), ("runcmd", Value([Value(word)])), ("ssh_keys", keys)])
        let wanted = try UserData(user).text(with: expected)
        let front = try #require(wanted.firstRange(of: "Merge-Type"))
        #expect(files["user-data"]?.hasPrefix(wanted[..<front.lowerBound]) == true)
        #expect(files["user-data"]?.hasSuffix("--==drover==--\n") == true)
        #expect(made.hostKey != nil && made.warnings.isEmpty)
        if word == "plain" { #expect(files["user-data"]?.contains("hostname: web2\n") == true) }
    }

    @Test func leavesAloneWhatIsNotItsOwn() async throws {
        let (files, made) = try await pieces(["user-data": "#!/bin/sh\nhostname web1\n"], seed())
        #expect(files["user-data"] == "#!/bin/sh\nhostname web1\n")
        #expect(made.hostKey == nil && made.warnings.count == 1)
    }

    struct Network: Sendable, CustomTestStringConvertible {
        var given: String
        /// Nil: none, with a warning.
        var made: String?
        var testDescription: String { given }
    }

    static let networks = [
        Network(
            given: "version: 2\nethernets: {eth0: {match: {macaddress: '52:54:00:AA:BB:01'}, dhcp4: true}}\n",
            made: "version: 2\nethernets: {eth0: {match: {macaddress: '52:54:00:aa:bb:02'}, dhcp4: true}}\n"),
        Network(
            given: "version: 2\nethernets: {eth0: {dhcp4: true, nameservers: {addresses: [10.0.0.1]}}}\n",
            made: "version: 2\nethernets: {eth0: {dhcp4: true, nameservers: {addresses: [10.0.0.1]}}}\n"),
        Network(given: "version: 2\nethernets: {eth0: {addresses: [10.0.0.5/24]}}\n", made: nil),
        Network(
            given: "version: 1\nconfig: [{type: physical, subnets: [{type: static, address: 10.0.0.5}]}]\n", made: nil),
    ]

    @Test(arguments: networks) func anAddressStaysTheSources(_ network: Network) async throws {
        let (files, made) = try await pieces(["network-config": network.given], seed())
        #expect(files["network-config"] == network.made)
        #expect(made.warnings.isEmpty == (network.made != nil))
        let (own, _) = try await pieces(["network-config": network.given], seed(networkConfig: "mine: 1\n"))
        #expect(own["network-config"] == "mine: 1\n")
    }
}
