import Foundation
import Inventory
import TestSupport
import Testing
import Values

@testable import Fleet

@Suite struct FirstBootTests {
    private static let folder = Checkout.root + "/Tests/FleetTests/Fixtures/first-boot/"
    private static let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?
        .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted() ?? []

    /// A table of what was asked for, each beside the files of its seed.
    @Test(arguments: names) func theSeedIs(name: String) throws {
        let line = try YAML.read(
            SourceText(name: name, text: try String(contentsOfFile: Self.folder + name + ".yaml", encoding: .utf8)))
        let boot = try Self.firstBoot(line["vm"]?.map ?? Mapping(), user: line["user"]?.string ?? "root")
        let found =
            try boot.pieces().map { "==> \($0.name)\n\($0.text)" }.joined() + "==> host key\n"
            + (boot.publicHostKey ?? "-") + "\n"
        let golden = Self.folder + name + ".txt"
        if ProcessInfo.processInfo.environment["RECORD"] != nil {
            try found.write(toFile: golden, atomically: true, encoding: .utf8)
        }
        #expect(try found == String(contentsOfFile: golden, encoding: .utf8))
    }

    @Test(arguments: FleetFixtures.cases("first-boot-problems.yaml")) func mistakesAreFoundBefore(row: FixtureCase)
        throws
    {
        var entry = Mapping()
        for key in ["user_data", "network_config"] { entry[key] = row[key] }
        let result = Result { try Self.firstBoot(entry).pieces() }
        guard case .failure(let error) = result, let problems = error as? Diagnostics else {
            Issue.record("it was taken")
            return
        }
        #expect(problems.all[0].summary == row["summary"]?.string)
    }

    @Test func theImageHoldsThePieces() async throws {
        let pieces = [(name: "meta-data", text: "instance-id: 1\n"), (name: "user-data", text: "#cloud-config\n")]
        try await ScratchFleet.with { fleet in
            try fleet.write("hosts: {here: {connection: local}}\n", to: "inventory/hosts.yaml")
            let here = try #require(try fleet.context().inventory.hosts.first)
            let image = try await SeedImage(pieces)
            let folder = (image.path as NSString).deletingLastPathComponent
            let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            let script = HostScript(
                arguments: ["stdio:" + image.path, fleet.root + "/out"],
                #"xorriso -osirrox on -indev "$1" -extract / "$2""#)
            try await script.run(on: LocalConnector().connect(to: here), host: "here", doing: "read the image")
            _ = consume image
            #expect(!FileManager.default.fileExists(atPath: folder))
            for piece in pieces { #expect(try fleet.text("out/\(piece.name)") == piece.text) }
        }
    }

    @Test func everyGuestGetsAKeyOfItsOwn() async throws {
        let (first, second) = try await (GuestKey.make(), GuestKey.make())
        #expect(first.publicText.wholeMatch(of: /ssh-ed25519 [A-Za-z0-9+\/]{68}/) != nil)
        #expect(first.publicText != second.publicText)
        #expect(first.privateText.hasPrefix("-----BEGIN OPENSSH PRIVATE KEY-----\n"))
        #expect(!first.privateText.contains(second.publicText))
    }

    @Test func whatADeadProcessLeftInMemoryIsSwept() throws {
        let base = try (PrivateFolder().path as NSString).deletingLastPathComponent
        // No process has this number: it is past the highest that Linux gives.
        let left = base + "/.drover-private.4194305.abcdef"
        try FileManager.default.createDirectory(atPath: left + "/seed", withIntermediateDirectories: true)
        try "secret".write(toFile: left + "/seed/user-data", atomically: true, encoding: .utf8)
        let next = try PrivateFolder()
        #expect(!FileManager.default.fileExists(atPath: left))
        #expect(FileManager.default.fileExists(atPath: next.path))
    }

    private static func firstBoot(_ entry: Mapping, user: String = "root") throws -> FirstBoot {
        let spec = try MachineSpec(name: "web1", entry, vars: Mapping())
        let given = try UserData(spec.userData).givenHostKey()
        let own = GuestKey(privateText: "-----BEGIN\nsecret\n-----END\n", publicText: "ssh-ed25519 AAAAguest")
        return FirstBoot(
            instance: "1234", spec: spec, nics: spec.nics,
            login: GuestLogin(user: user, keys: ["ssh-ed25519 AAAAlogin drover@here"]),
            hostKey: given == nil ? own : nil,
            publicHostKey: given ?? own.publicText)
    }
}
