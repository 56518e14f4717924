import Foundation
import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

@Suite struct ContainerTests {
    private static let uuid = "11111111-2222-4333-8444-555555555555"

    /// Only what Drover itself unpacks may ever be removed.
    @Test(arguments: [
        ("/var/lib/drover/containers/\(uuid)", true), ("/var/lib/drover/containers/", false),
        ("/var/lib/drover/containers/../../../etc/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ("/var/lib/drover/containers/\(uuid)/etc", false), ("/srv/trees/\(uuid)", false), ("/", false), ("", false),
        ("/var/lib/drover/containers/..", false),
    ])
    func treesThatAreDrovers(_ path: String, _ isOwn: Bool) {
        #expect(ContainerTree.isOwn(path) == isOwn)
    }

    @Test func aTreeBelongsToTheContainerOfItsName() {
        var machine = DomainSummary(
            name: "box", uuid: Self.uuid, state: DomainState(activity: .shutOff), cpus: 1, memoryMiB: 64)
        #expect(ContainerTree.own(of: machine) == nil)
        let own = "/var/lib/drover/containers/\(Self.uuid)"
        machine.metadata = DomainMetadata(owner: "drover", labels: ["root_tree": own])
        #expect(ContainerTree.own(of: machine) == own)
        machine.metadata?.labels["root_tree"] = "/var/lib/drover/containers/66666666-2222-4333-8444-555555555555"
        #expect(ContainerTree.own(of: machine) == nil)
    }

    @Test(arguments: [
        "/", "//", "relative/tree", "/srv/../etc", "", "/var/lib/drover/containers",
        "/var/lib/drover/containers/\(uuid)", "/var/lib//drover/./containers/\(uuid)/etc",
    ])
    func whatIsNoTreeIsRefused(_ word: String) {
        #expect(throws: Diagnostics.self) { _ = try ContainerTree(word, uuid: Self.uuid) }
    }

    @Test func aDirectoryOfTheHostIsUsedAsItIs() throws {
        let tree = try ContainerTree("/srv/trees/box", uuid: Self.uuid)
        #expect(tree.path == "/srv/trees/box" && tree.tarball == nil)
    }

    @Test func whatAContainerCannotHaveIsSaid() throws {
        let source = SourceText(name: "hosts.yaml", text: "hosts:\n  hv1: {address: a, uri: 'lxc:///'}\n")
        let host = try #require(try Inventory.load([source]).hosts.first)
        var spec = MachineSpec(name: "box", image: "debian-12")
        spec.hasTPM = true
        let error = #expect(throws: Diagnostics.self) { try ContainerCreation.check(spec, on: host) }
        #expect(
            error?.all.map(\.summary) == [
                "a container has a root tree, not an image", "a container has a root tree, not firmware",
            ])
    }
}
