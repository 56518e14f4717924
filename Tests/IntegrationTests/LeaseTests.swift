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
        _ = try await fleet.told("hv2", "virsh -q define /srv/shared/leased.xml")
        // Somebody who knows nothing of the other host: libvirt itself refuses, before QEMU looks at the disk.
        let second = try await fleet.on("hv2", "virsh -q start leased")
        #expect(!second.succeeded && second.problem.contains("is locked"), second.words)
        #expect(try await guest.copies()["hv1"] == "running (booted)")
        _ = try await fleet.told("hv2", "virsh -q undefine leased")

        let line =
            "virsh migrate leased qemu+tls://10.77.0.12/system --live --p2p --persistent --undefinesource --unsafe"
        _ = try await fleet.told("hv1", line + " --tls --tls-destination 10.77.0.12 --migrateuri tcp://10.77.0.12")
        #expect(Array(try await guest.copies().keys) == ["hv2"])
        #expect(try await guest.counting().boot == boot)
        // The lease went with it.
        _ = try await fleet.told("hv1", "virsh -q define /srv/shared/leased.xml")
        let back = try await fleet.on("hv1", "virsh -q start leased")
        #expect(!back.succeeded && back.problem.contains("is locked"), back.words)
        _ = try await fleet.told("hv1", "virsh -q undefine leased; rm /srv/shared/leased.xml")
        try await fleet.drover.must("vm", "delete", "leased", "--force", "--yes")
    }
}
