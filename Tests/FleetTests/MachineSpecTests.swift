import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

@Suite struct MachineSpecTests {
    @Test(arguments: [
        "virt: {nic: {default: [{eth0: {bridge: br7, model: e1000}}, {eth1: {network: lan}}]}}",
        "virt: {nic: {default: {eth0: {bridge: br7, model: e1000}, eth1: {network: lan}}}}",
        "virt: {nic: {default: [{name: eth0, bridge: br7, model: e1000}, {name: eth1, network: lan}]}}",
    ])
    func nicProfilesHaveSaltsForms(_ vars: String) async throws {
        try await ScratchFleet.with { fleet in
            try fleet.write(
                "hosts: {hv1: {roles: [hypervisor]}}\nvars: {\(vars.dropLast())}}\n", to: "inventory/hosts.yaml")
            let host = try #require(try fleet.context().inventory.hosts.first)
            let interfaces = try MachineSpec(name: "a", image: "b").interfaces(on: host)
            #expect(interfaces.map(\.source) == [.bridge("br7"), .network("lan")])
            #expect(interfaces.map(\.model) == ["e1000", "virtio"])
        }
    }

    @Test(arguments: ["", "-x", ".x", "a b", "a/b", "ü", String(repeating: "a", count: 64)])
    func impossibleNamesAreRefused(_ name: String) {
        #expect(throws: Diagnostics.self) { try MachineSpec(name: name, image: "i").validate() }
    }

    @Test func uuidsAreOfVersionFour() {
        let uuids = (0..<100).map { _ in RandomUUID.make() }
        #expect(Set(uuids).count == 100)
        for uuid in uuids {
            #expect(uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        }
    }
}
