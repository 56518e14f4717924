import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

@Suite struct HypervisorKindTests {
    /// Where a host's hypervisor is reached, by what the inventory says of it.
    @Test(arguments: [
        ("address: 10.0.0.1", "qemu+tls://10.0.0.1/system?pkipath=/keys&no_tty=1"),
        ("connection: local", "qemu:///system"),
        ("address: 10.0.0.1, uri: 'lxc:///'", "lxc+tls://10.0.0.1/?pkipath=/keys&no_tty=1"),
        ("connection: local, uri: 'lxc:///'", "lxc:///"),
        ("address: 10.0.0.1, uri: 'lxc+tls://hv9/'", "lxc+tls://hv9/?pkipath=/keys&no_tty=1"),
        ("address: 10.0.0.1, uri: 'xen:///system'", "xen+tls://10.0.0.1/system?pkipath=/keys&no_tty=1"),
        ("address: 10.0.0.1, uri: 'test:///default'", "test:///default"),
        ("address: 10.0.0.1, uri: 'qemu+ssh://hv9/system'", "qemu+ssh://hv9/system"),
    ])
    func isReachedOnTheHostThatIsMeant(_ keys: String, _ uri: String) throws {
        let source = SourceText(name: "hosts.yaml", text: "hosts:\n  hv1: {\(keys)}\n")
        let host = try #require(try Inventory.load([source]).hosts.first)
        #expect(try host.hypervisorURI(pkiDirectory: "/keys").text == uri)
    }

    @Test func whatADriverCannotDoIsRefusedWithTheReason() throws {
        func refusal(_ kind: HypervisorKind, _ ability: HypervisorAbility) -> Diagnostic? {
            do throws(Diagnostics) {
                try kind.require(ability, on: "hv1")
                return nil
            } catch {
                return error.all.first
            }
        }
        #expect(refusal(.lxc, .liveMigration)?.summary == "the LXC driver has no live migration")
        #expect(refusal(.lxc, .liveMigration)?.hint?.contains("root tree") == true)
        #expect(refusal(.xen, .disks)?.summary == "the Xen driver has no machines with disks")
        #expect(refusal(.qemu, .rootTree)?.hint?.contains("lxc:///") == true)
        for ability in HypervisorAbility.allCases where ability != .rootTree {
            #expect(refusal(.qemu, ability) == nil)
        }
        for kind in HypervisorKind.allCases where kind != .qemu {
            for ability in HypervisorAbility.allCases where !kind.can(ability) {
                #expect(refusal(kind, ability)?.hint != nil, "\(kind) \(ability)")
            }
        }
    }

    @Test func anUnknownDriverIsNamed() throws {
        let source = SourceText(name: "hosts.yaml", text: "hosts:\n  hv1: {address: a, uri: 'qemy:///system'}\n")
        let host = try #require(try Inventory.load([source]).hosts.first)
        let error = #expect(throws: Diagnostics.self) { try host.require(.disks) }
        #expect(error?.all.first?.hint == "did you mean \"qemu\"?")
    }
}
