import Foundation
import Testing

extension OnALab {
    /// What travels with a VM, and what stays of it: nothing, and nobody else's.
    @Suite struct DiskMigrationTests {
        private static let state = """
            cd / && sha256sum var/lib/libvirt/images/parked_system.qcow2 srv/parked/extra.img \
                var/lib/libvirt/qemu/nvram/parked_VARS.fd var/lib/libvirt/swtpm/*/tpm2/tpm2-00.permall
            virsh dominfo parked | grep Autostart
            """

        /// Anything of a VM that is on a host.
        private static func remains(of vm: String) -> String {
            """
            virsh -q list --all --name | grep -x \(vm)
            find /var/lib/libvirt/images /var/lib/libvirt/qemu/nvram /srv \\( -name '\(vm)_*' -o -name '.drover-*' \
                -o -path '/srv/\(vm)/*' \\) ! -name 'drover-image-*'
            virsh -q pool-list --all --name | grep drover-; true
            """
        }

        @Test func aVMThatIsOffMovesWithAllThatIsItsOwn() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let drover = fleet.drover
            try await drover.must(
                "vm", "create", "parked", "--image", "counter", "--memory", "64M", "--on", "hv1", "--uefi", "--tpm")
            try await drover.must("vm", "kill", "parked", "--yes")
            for host in fleet.hosts { _ = try await fleet.told(host, "mkdir -p /srv/parked") }
            _ = try await fleet.told(
                "hv1",
                """
                cd /srv/parked && truncate -s 20M extra.img && qemu-io -f raw -c 'write -q -P 5 7M 1M' extra.img &&
                virsh -q attach-disk parked /srv/parked/extra.img vdx --subdriver raw --config && virsh -q autostart parked
                """)
            let before = try await fleet.told("hv1", Self.state)

            // A stranger's file stands against it, and nothing is touched.
            _ = try await fleet.told("hv2", "echo mine >/srv/parked/extra.img")
            let refused = try await drover("vm", "migrate", "parked", "--to", "hv2")
            #expect(refused.code == 1 && refused.problem.contains("/srv/parked/extra.img"), refused.words)
            #expect(try await fleet.told("hv2", "cat /srv/parked/extra.img; rm /srv/parked/extra.img") == "mine")
            #expect(try await fleet.told("hv1", Self.state) == before)
            #expect(try await fleet.told("hv2", Self.remains(of: "parked")) == "")

            let report = try await drover.json("vm", "migrate", "parked", "--to", "hv2", "--keep-source", "0")
            #expect(report["result"].string == "migrated" && report["mode"].string == "offline")
            #expect(try await fleet.told("hv2", Self.state) == before)
            #expect(try await fleet.told("hv1", Self.remains(of: "parked")) == "")
            #expect(try await fleet.told("hv1", "ls -A /var/lib/libvirt/swtpm") == "")
            #expect(try await !fleet.told("hv2", "virsh dumpxml parked").contains("/run/drover"))
            try await drover.must("vm", "start", "parked")
            try await drover.must("vm", "delete", "parked", "--force", "--yes")
            for host in fleet.hosts { _ = try await fleet.told(host, "rm -rf /srv/parked") }
        }

        @Test func disksOfAllKindsMoveAtOnce() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let drover = fleet.drover
            try await drover.must("vm", "create", "mixed", "--image", "counter", "--memory", "64M", "--on", "hv1")
            try await drover.must("vm", "kill", "mixed", "--yes")
            for host in fleet.hosts { _ = try await fleet.told(host, "mkdir -p /srv/iso /srv/mixed") }
            _ = try await fleet.told(
                "hv1",
                """
                cd /srv/mixed && truncate -s 20M raw.img && qemu-io -f raw -c 'write -q -P 5 7M 1M' raw.img &&
                qemu-img create -q -f qcow2 own.qcow2 30M && qemu-io -c 'write -q -P 6 9M 1M' own.qcow2 &&
                head -c 5000000 /dev/urandom >/srv/iso/install.iso && touch /srv/iso/other.iso &&
                virsh -q attach-disk mixed /srv/mixed/raw.img vdx --subdriver raw --cache none --config &&
                virsh -q attach-disk mixed /srv/mixed/own.qcow2 vdy --subdriver qcow2 --cache none --config &&
                virsh -q attach-disk mixed /srv/iso/install.iso sdc --type cdrom --targetbus sata --config
                """)
            try await drover.must("vm", "start", "mixed")
            let sums = "cd /srv && sha256sum mixed/raw.img iso/install.iso"
            let before = try await fleet.told("hv1", sums)

            let report = try await drover.json("vm", "migrate", "mixed", "--to", "hv2", "--keep-source", "1h")
            #expect(report["result"].string == "migrated" && report["mode"].string == "live")
            #expect(try await fleet.told("hv2", sums) == before)
            _ = try await fleet.told("hv2", "qemu-io -U -r -c 'read -q -P 6 9M 1M' /srv/mixed/own.qcow2")
            // The guest's own are set aside, and the host knows until when; the installer is nobody's own.
            #expect(
                try await fleet.told("hv1", "ls /srv/mixed | sed 's/moved-.*/moved/'")
                    == "own.qcow2.moved\nraw.img.moved")
            #expect(try await fleet.told("hv1", "ls /srv/iso") == "install.iso\nother.iso")
            let record = try await fleet.told("hv1", "grep -l mixed /var/lib/drover/moved/*")
            _ = try await fleet.told("hv1", "systemctl is-enabled drover-moved.service")

            // Back within the time that they are kept: the installer is there, the rest in nobody's way.
            let back = try await drover.json("vm", "migrate", "mixed", "--to", "hv1", "--keep-source", "0")
            #expect(back["result"].string == "migrated")
            #expect(try await fleet.told("hv1", sums) == before)
            #expect(try await fleet.told("hv2", "ls /srv/mixed; ls /srv/iso") == "install.iso")
            // Their time is over, and the host was started anew meanwhile: as its unit finds them.
            _ = try await fleet.told("hv1", "sed -i 1s/.*/1/ \(record) && systemctl start drover-moved.service")
            #expect(try await fleet.told("hv1", "ls /srv/mixed") == "own.qcow2\nraw.img")
            #expect(try await fleet.told("hv1", "cd /srv && sha256sum mixed/raw.img iso/install.iso") == before)

            try await drover.must("vm", "delete", "mixed", "--force", "--yes")
            for host in fleet.hosts { _ = try await fleet.told(host, "rm -rf /srv/mixed /srv/iso") }
        }
    }
}
