import Foundation
import Testing

extension OnALab {
    /// What is managed inside a guest, through its hypervisor.
    @Suite struct GuestTests {
        @Test func aGuestIsAHost() async throws {
            let fleet = try LabFleet.shared()
            let guest = try await fleet.guest().guest
            let drover = try await fleet.spoiled("inside")
            try fleet.write(
                "inside/roles/inside/init.sls",
                """
                /etc/told:
                  file.managed:
                    - contents: "{{ grains['kernel'] }} of {{ pillar['owner'] }}"
                say:
                  cmd.run:
                    - name: hostname > /root/name
                    - creates: /root/name
                """)
            try fleet.write(
                "inside/inventory/guests.yaml",
                "groups: {vms: {vars: {owner: us}}}\nvms: {\(guest.name): {image: counter, roles: [inside]}}\n")
            // Nobody was asked to trust it: what it shows is what it was given.
            try await eventually(within: 60, "\(guest.name) can be logged in to") {
                try await drover("host", "ping", "-t", "vm:\(guest.name)").succeeded ? true : nil
            }
            let known = try await fleet.told(
                guest.host(), "virsh metadata \(guest.name) urn:drover:domain:1 | sed -n 's/.*<host_key>//p'")
            #expect(known.hasPrefix("ssh-ed25519 "))

            let first = try await drover.json("apply", "-t", "vm:\(guest.name)")
            #expect(Array(first.map.keys) == [guest.name] && first[guest.name].map.count == 2)
            let read = try await drover.must("host", "run", "-t", guest.name, "--", "cat /etc/told /root/name")
            #expect(read.output.contains("Linux of us") && read.output.contains(guest.name))
            let again = try await drover("apply", "--check", "--detailed-exit-code", "-t", "vm:\(guest.name)")
            #expect(again.code == 0, again.words)
        }

        /// Its creation, waited for, ends with what its entry says inside it; a start, with a door that opens.
        @Test func aCreatedGuestHasItsRoles() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let drover = try await fleet.spoiled("moulded")
            try fleet.write("moulded/roles/mark/init.sls", "/etc/mark:\n  file.managed:\n    - contents: made\n")
            try fleet.write("moulded/inventory/vms.yaml", "vms: {moulded: {image: counter, roles: [mark]}}\n")
            let made = try await drover.json(
                "vm", "create", "moulded", "--image", "counter", "--memory", "96M", "--on", "hv2", "--wait-for", "120")
            let address = try #require(made["addresses"].list.first?.string)
            let states = made["states"].map.values.map { $0["result"] }
            #expect(states.count == 1 && states.allSatisfy { $0.bool == true }, "\(made)")
            let read = try await drover.must("host", "run", "-t", "vm:moulded", "--", "cat /etc/mark")
            #expect(read.output.contains("made"))
            try await drover.must("vm", "kill", "moulded", "--yes")
            let started = try await drover("vm", "start", "moulded", "--wait-for", "120")
            #expect(started.succeeded && started.problem.contains("moulded answers at \(address)"), started.words)
            try await drover.must("vm", "delete", "moulded", "--force", "--yes")
        }

        @Test func anotherHostKeyIsRefused() async throws {
            let fleet = try LabFleet.shared()
            let guest = try await fleet.guest().guest
            let host = try await guest.host()
            let element = "virsh metadata \(guest.name) urn:drover:domain:1"
            let given = try await fleet.told(host, element)
            func set(_ text: String) async throws {
                _ = try await fleet.told(host, "\(element) --key drover --set '\(text)' --live --config")
            }
            // The hypervisor's own key: well-formed, and another.
            let other = try await fleet.told(host, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
            try await set(given.replacing(/<host_key>.*<\/host_key>/, with: "<host_key>\(other)</host_key>"))
            let refused = try await fleet.drover("host", "run", "-t", "vm:\(guest.name)", "--", "touch /root/got-in")
            try await set(given)
            #expect(refused.code == 4 && refused.problem.contains("host key has changed"), refused.words)
            try await eventually(within: 60, "\(guest.name) can be logged in to") {
                try await fleet.drover("host", "ping", "-t", guest.name).succeeded ? true : nil
            }
            let looked = try await fleet.drover.must("host", "run", "-t", guest.name, "--", "ls /root")
            #expect(!looked.output.contains("got-in"))
        }
    }
}
