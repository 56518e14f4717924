import Foundation
import Hypervisor
import Testing

@Suite struct ContainerXMLTests {
    private static func container() throws -> ContainerSpec {
        var spec = ContainerSpec(
            name: "box", uuid: BuilderTests.uuid, memoryMiB: 128, cpus: 2, root: "/var/lib/drover/containers/a & b")
        let mac = try #require(MACAddress("52:54:00:12:34:56"))
        spec.interfaces = [
            InterfaceSpec(source: .bridge("br0"), mac: mac), InterfaceSpec(source: .network("lan"), mac: .random()),
        ]
        spec.interfaces[1].mac = try #require(MACAddress("52:54:00:12:34:57"))
        spec.metadata = DomainMetadata(owner: "drover", labels: ["root_tree": spec.root])
        return spec
    }

    @Test func aContainerWithTwoCards() async throws {
        let text = try Self.container().xml()
        try Fixture.golden("container.xml", text)
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/virt-xml-validate") else { return }
        let said = try await DomainOptionTests.validate(text)
        #expect(said.contains("validates"), "\(said)")
    }

    @Test(arguments: [("box", "relative"), ("box", "/"), ("a/b", "/srv/x"), ("", "/srv/x")])
    func whatCannotBeIsRefused(_ name: String, _ root: String) throws {
        var spec = try Self.container()
        spec.name = name
        spec.root = root
        #expect(throws: HypervisorError.self) { try spec.xml() }
    }
}
