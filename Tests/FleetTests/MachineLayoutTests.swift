import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

/// What a VM will consist of on a host.
@Suite struct MachineLayoutTests {
    @Test(arguments: FleetFixtures.cases("machine-layouts.yaml")) func whereDisksWillBe(_ line: FixtureCase)
        async throws
    {
        try await ScratchFleet.with { fleet in
            try fleet.write("hosts: {hv1: {roles: [hypervisor]}}\n", to: "inventory/hosts.yaml")
            let host = try #require(try fleet.context().inventory.hosts.first)
            var devices = PoolInfo(name: "vg", path: "/dev/vg")
            devices.type = "logical"
            let pools = ["default": PoolInfo(name: "default", path: "/images"), "vg": devices]
            let outcome = Result { () throws in
                var spec = MachineSpec(name: "web1", image: line["image"]?.string)
                spec.disks = try DiskRequest.list(try #require(line["disks"]))
                return try MachineLayout(spec, on: host, pools: pools) { throw Diagnostic.error("no image \($0)") }
            }
            if let words = line["error"]?.string {
                guard case .failure(let error) = outcome, let problem = (error as? Diagnostics)?.all.first else {
                    Issue.record("it was taken")
                    return
                }
                #expect(problem.summary.hasPrefix(words), "\(problem.summary)")
                return
            }
            #expect(try outcome.get().disks.map { Value(Self.text($0.medium)) } == line["media"]?.list)
        }
    }

    private static func text(_ medium: MachineLayout.Medium) -> String {
        switch medium {
        case .empty: return "empty"
        case .path(let path): return path
        case .volume(let pool, let name): return "\(pool)/\(name)"
        case .made(let volume):
            guard case .backed(let backing) = volume.origin else { return "\(volume.pool)/\(volume.name)" }
            return "\(volume.pool)/\(volume.name) on \(backing.path) (\(backing.format))"
        }
    }
}
