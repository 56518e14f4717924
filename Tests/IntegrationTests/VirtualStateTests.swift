import Foundation
import Glibc
import Lab
import Testing

extension OnALab {
    /// VMs, pools, networks and volumes that an SLS describes, among states of the host.
    @Suite struct VirtualStateTests {
        private static let sls = """
            described-pool:
              virt.pool_running:
                - ptype: dir
                - target: /srv/described
                - permissions:
                  - mode: '0711'
            described-net:
              virt.network_running:
                - bridge: br0
                - forward: bridge
            described-volume:
              virt.volume_defined:
                - name: described_spare.qcow2
                - pool: described-pool
                - size: 16
                - format: qcow2
                - require:
                  - virt: described-pool
            described-vm:
              virt.running:
                - name: described
                - cpu: 1
                - mem: 96
                - image: salt://described/guest.img
                - disks:
                  - cd:
                      device: cdrom
                  - fd:
                      device: floppy
                  - over:
                      size: 32
                      backing_store_path: /srv/described/described_spare.qcow2
                      iothread_id: 2
                - stop_on_reboot: True
                - clock:
                    utc: False
                    timers:
                      hpet:
                        present: True
                - interfaces:
                  - eth0:
                      type: network
                      source: described-net
                - require:
                  - virt: described-net
                  - virt: described-volume
                  - file: /root/described.before
            described-snapshot:
              virt.snapshot:
                - name: described
                - suffix: fresh
                - require:
                  - virt: described-vm
            /root/described.before:
              file.managed:
                - contents: first
            /root/described:
              file.managed:
                - contents: there is a VM
                - require:
                  - virt: described-vm
            described-told:
              cmd.run:
                - name: echo told >>/root/described.log
                - onchanges:
                  - virt: described-vm

            """

        private static let end = """
            described-off:
              virt.powered_off:
                - name: 'describe?'
            """

        private func states(_ tree: Tree) -> [(tag: String, result: Tree)] {
            tree["hv1"].map.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        }

        @Test func whatIsForetoldIsThenMadeAndStays() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            try fleet.write("fleet/roles/described/init.sls", Self.sls)
            try FileManager.default.copyItem(
                atPath: try await Lab.image(), toPath: fleet.drover.fleet + "/roles/described/guest.img")
            let look = "virsh -q list --all --name; ls /srv /root; virsh -q pool-list --all; virsh -q net-list --all"
            let before = try await fleet.told("hv1", look)
            let check = try await fleet.drover.json("apply", "described", "-t", "hv1", "--check")
            #expect(try await fleet.told("hv1", look) == before)
            let applied = try await fleet.drover.json("apply", "described", "-t", "hv1")
            let foretold = Dictionary(uniqueKeysWithValues: states(check))
            #expect(states(applied).count == 8)
            for (tag, result) in states(applied) {
                #expect(result["result"].bool == true, "\(tag): \(result["comment"].string ?? "")")
                guard tag.hasPrefix("virt_") else { continue }
                #expect(foretold[tag]?["result"].bool == nil, "\(tag)")
                #expect(foretold[tag]?["changes"] == result["changes"], "\(tag)")
            }
            let vm = try #require(states(applied).first { $0.tag.hasSuffix("_|-described_|-running") }?.result)
            #expect(vm["changes"]["described"]["started"].bool == true)
            #expect(vm["comment"].string?.hasPrefix("Domain described defined and started") == true)
            let devices = try await fleet.told("hv1", "virsh -q domblklist described --details")
            #expect(devices.contains(#/cdrom +sd[a-z] +-/#) && devices.contains(#/floppy +fda +-/#), "\(devices)")
            let over = try await fleet.told(
                "hv1", "virsh -q dumpxml described | grep -e iothread=.2. -e described_spare.qcow2")
            #expect(over.split(separator: "\n").count == 2, "\(over)")
            let told = try await fleet.told("hv1", "virsh -q domstate described; cat /root/described.log")
            #expect(told.split(separator: "\n") == ["running", "told"])
            #expect(try await fleet.told("hv1", "virsh -q snapshot-list described --name").contains("described-fresh"))

            let second = try await fleet.drover.json("apply", "described", "-t", "hv1")
            for (tag, result) in states(second) {
                #expect(result["result"].bool == true && result["changes"].map.isEmpty, "\(tag): \(result)")
            }
            // What is for the next start only is taken of a VM that runs.
            let later = Self.sls.replacing("- mem: 96", with: "- mem: 112\n    - live: False")
                .replacing("virt.running:\n    - name: described", with: "virt.defined:\n    - name: described")
                .replacing(
                    "    - interfaces:", with: "    - interfaces:\n      - eth1: {type: network, source: described-net}"
                )
            try fleet.write("fleet/roles/described/init.sls", later)
            try await fleet.drover.must("apply", "described", "-t", "hv1")
            let count = "virsh -q dumpxml described | grep -c '<currentMemory unit=.KiB.>114688<' || :"
            #expect(try await fleet.told("hv1", count) == "0")
            #expect(try await fleet.told("hv1", count.replacing("dumpxml", with: "dumpxml --inactive")) == "1")
            let cards = "virsh -q domiflist described | wc -l"
            #expect(try await fleet.told("hv1", cards) == "1")
            #expect(try await fleet.told("hv1", cards.replacing("described", with: "described --inactive")) == "2")
            try fleet.write("fleet/roles/undescribed/init.sls", Self.end)
            try await fleet.drover.must("apply", "undescribed", "-t", "hv1")
            #expect(try await fleet.told("hv1", "virsh -q domstate described") == "shut off")
            try await fleet.drover.must("vm", "delete", "described", "--yes")
            _ = try await fleet.told(
                "hv1",
                """
                virsh -q net-destroy described-net && virsh -q net-undefine described-net
                virsh -q vol-delete described_spare.qcow2 described-pool
                virsh -q pool-destroy described-pool && virsh -q pool-undefine described-pool
                rm -rf /srv/described /root/described /root/described.*
                """)
        }

        /// A move by hand can leave a definition behind; to start that would put two guests on the same disks.
        @Test(arguments: ["- cpu: 1\n    - mem: 32", "- autostart: False"])
        func whatRunsElsewhereIsNotStartedHere(_ arguments: String) async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let define = """
                cat >/root/left.xml <<'END'
                <domain type='qemu'><name>left</name><uuid>6e0f3a52-7c1d-4b0e-9d7a-3f5f0c2b9a11</uuid>
                <memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>
                END
                virsh -q define /root/left.xml
                """
            for host in fleet.hosts { _ = try await fleet.told(host, define) }
            _ = try await fleet.told("hv2", "virsh -q start left --paused")
            try fleet.write("fleet/roles/left/init.sls", "left:\n  virt.running:\n    \(arguments)\n")
            for words in [["--check"], []] {
                let run = ["apply", "left", "-t", "hv1", "--format", "json"] + words
                let told = try Tree(try await fleet.drover.run(run).output)
                let result = try #require(states(told).first?.result)
                #expect(result["result"].bool == false)
                #expect(result["comment"].string?.contains("\"left\" is on hv2 too") == true, "\(result)")
            }
            #expect(try await fleet.told("hv1", "virsh -q domstate left") == "shut off")
            for host in fleet.hosts {
                _ = try await fleet.told(
                    host, "virsh -q destroy left 2>/dev/null; virsh -q undefine left; rm -f /root/left.xml")
            }
        }

        @Test func withoutItsControllerAHostGoesOnAndSaysSo() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            try fleet.write(
                "fleet/roles/deserted/init.sls",
                """
                deserted-begins:
                  cmd.run:
                    - name: touch /root/deserted.began && sleep 4
                deserted-vm:
                  virt.running:
                    - cpu: 1
                    - mem: 96
                    - image: counter
                deserted-after:
                  cmd.run:
                    - name: touch /root/deserted.wrong
                    - require:
                      - virt: deserted-vm
                deserted-rescue:
                  cmd.run:
                    - name: touch /root/deserted.rescued
                    - onfail:
                      - virt: deserted-vm

                """)
            _ = try await fleet.drover("apply", "deserted", "-t", "hv1") { process in
                _ = try await eventually("the run") {
                    try await fleet.on("hv1", "test -e /root/deserted.began").succeeded ? true : nil
                }
                kill(process, SIGKILL)
            }
            _ = try await eventually("the rest of the run") {
                try await fleet.on("hv1", "test -e /root/deserted.rescued").succeeded ? true : nil
            }
            #expect(try await fleet.on("hv1", "test -e /root/deserted.wrong").succeeded == false)
            let spool = try await fleet.told("hv1", "cat /run/drover/run.*/spool")
            #expect(spool.contains("Not run: the controller went away"))
            #expect(try await fleet.told("hv1", "virsh -q list --all --name").contains("deserted") == false)
            _ = try await fleet.told("hv1", "rm -f /root/deserted.*")
        }
    }
}
