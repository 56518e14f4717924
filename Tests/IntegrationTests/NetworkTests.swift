import Foundation
import Testing

extension OnALab {
    /// A network change that would lock everybody out.
    @Suite struct NetworkTests {
        @Test func aWrongAddressIsTakenBackByTheHostItself() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let look = """
                cd /etc/network && find . -type f -o -type l | sort | xargs sha256sum
                stat -c '%n %a %U' interfaces interfaces.d interfaces.d/*
                ip -4 -o addr show br0 | awk '{ print $4 }'; ls /sys/class/net/br0/brif; ip route show default
                """
            let before = try await fleet.told("hv1", look)
            let vars = try fleet.write(
                "wrong-address.yaml", "bridge_proto: static\nbridge_address: 10.99.0.5\nbridge_netmask: 255.255.255.0\n"
            )
            let ended = try await fleet.drover(
                "apply", "bridge", "-t", "hv1", "--vars", vars, "--confirm", "8", "--format", "json")
            #expect(ended.code == 3, ended.words)
            let states = try Tree(ended.output)["hv1"].map.values
            let failed = states.filter { $0["result"].bool == false }.compactMap { $0["comment"].string }
            #expect(failed.contains { $0.contains("restored its previous network configuration") }, ended.words)

            let ping = try await fleet.drover("host", "ping", "-t", "hv1")
            #expect(ping.code == 0, ping.words)
            #expect(try await fleet.told("hv1", look) == before)
            let check = try await fleet.drover("apply", "--check", "--detailed-exit-code", "-t", "hv1")
            #expect(check.code == 0, check.words)
            try await fleet.drover.must("apply", "-t", "hv1")
        }
    }
}
