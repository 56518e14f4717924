import Foundation
import Testing

/// `make test-leases`: the role leases, on hosts that share a directory.
@Suite(
    .serialized, .enabled(if: ProcessInfo.processInfo.environment["DROVER_TEST_LEASES"] == "1", "DROVER_TEST_LEASES=1"),
    .onOneLab, .timeLimit(.minutes(10)))
struct LeaseTests {
    @Test func noSecondCopyStartsAndMigrationGoesOn() async throws {
        let fleet = try LabFleet.shared()
        try await fleet.withImage()
        let leases = "vars:\n  leases: {directory: /srv/shared/leases}\n"
        try fleet.write("fleet/inventory/leases.yaml", leases)
        let applied = try await fleet.drover("apply", "leases", "-t", "hypervisors")
        #expect(applied.succeeded, applied.words)
        try await fleet.drover.must(
            "pool", "create", "together", "-t", "hypervisors", "--type", "dir", "--path", "/srv/shared/vms")
        try await fleet.drover.must(
            "vm", "create", "leased", "--image", "counter", "--memory", "128M", "--on", "hv1",
            "--disk", "name=system,pool=together,cache=none")
        let guest = Guest(fleet: fleet, name: "leased")
        let boot = try await guest.counting().boot
        _ = try await fleet.told("hv1", "virsh dumpxml --inactive leased > /srv/shared/leased.xml")
        try await expectRefused(on: "hv2", fleet)
        #expect(try await guest.copies()["hv1"] == "running (booted)")

        let line =
            "virsh migrate leased qemu+tls://10.77.0.12/system --live --p2p --persistent --undefinesource --unsafe"
        _ = try await fleet.told("hv1", line + " --tls --tls-destination 10.77.0.12 --migrateuri tcp://10.77.0.12")
        #expect(Array(try await guest.copies().keys) == ["hv2"])
        #expect(try await guest.counting().boot == boot)
        // The lease went with it.
        try await expectRefused(on: "hv1", fleet)
        #expect(Array(try await guest.copies().keys) == ["hv2"])
        try await fleet.drover.must("vm", "delete", "leased", "--force", "--yes")
    }

    /// Somebody who knows nothing of the other host starts a second copy. QEMU locks what it opens, too: with a file of
    /// the host's own at the disk's path that is out of the way, and only the lease is left.
    private func expectRefused(on host: String, _ fleet: LabFleet) async throws {
        _ = try await fleet.told(
            host,
            """
            virsh -q define /srv/shared/leased.xml
            cp -a /srv/shared/vms /root/own && mount --bind /root/own /srv/shared/vms
            """)
        let started = try await fleet.on(host, "virsh -q start leased")
        #expect(!started.succeeded && started.problem.contains("is locked"), started.words)
        _ = try await fleet.told(host, "virsh -q undefine leased; umount /srv/shared/vms && rm -r /root/own")
    }
}
