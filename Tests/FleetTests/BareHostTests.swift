import Testing

@testable import Fleet

/// What a host that is no hypervisor of this fleet directory's yet says of its VMs.
@Suite struct BareHostTests {
    @Test(
        arguments: [
            ("no libvirt\n", []), ("asked\n", []), ("has web1\nhas asked\nasked\n", ["web1", "asked"]),
            ("has web1\n", nil), ("", nil), ("error: failed to connect\n", nil),
        ] as [(String, [String]?)])
    func onlyAWholeAnswerCounts(text: String, names: [String]?) {
        #expect(BareHosts.names(text) == names.map(Set.init))
    }
}
