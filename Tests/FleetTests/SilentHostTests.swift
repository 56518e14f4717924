import Foundation
import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

/// Lists of VMs in fleets where some hosts answer, some refuse, and some say nothing for ever.
@Suite(.timeLimit(.minutes(2)))
struct SilentHostTests {
    /// `live*` are nodes of libvirt's test driver, `refusing*` refuse, `silent*` never answer, however long one waits.
    private struct Driver: HypervisorDriver {
        let node: String

        func connect(to host: FleetHost) async throws(HostProblem) -> HypervisorConnection {
            if host.name.hasPrefix("silent") {
                // Not even cancellation ends it, like a call that hangs in a library.
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            }
            guard host.name.hasPrefix("live") else {
                throw HostProblem(.unreachable, .error("connection refused", host: host.name))
            }
            do throws(HypervisorError) {
                return try await HypervisorConnection.open(uri: "test://\(node)")
            } catch {
                throw HostProblem(error, host: host.name)
            }
        }
    }

    private static let inventory = """
        groups:
          hypervisors:
            hosts: {"silent[1-3]": {}, live1: {}, refusing1: {}}
        """
    private static let node = """
        <node><domain type='test'><name>web1</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain></node>
        """

    private func with(_ body: (FleetContext, Driver) async throws -> Void) async throws {
        try await ScratchFleet.with { fleet in
            try fleet.write(Self.inventory, to: "inventory/hosts.yaml")
            // A URI has no spaces.
            let node = NSTemporaryDirectory() + "drover-node-\(UUID().uuidString).xml"
            try Self.node.write(toFile: node, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(atPath: node) }
            let context = FleetContext(
                directory: fleet.directory, inventory: try fleet.directory.loadInventory(),
                connector: NobodyAnswers(), parallel: 2, timeout: .seconds(2))
            try await body(context, Driver(node: node))
        }
    }

    /// With fewer turns than silent hosts, they must take nobody else's.
    @Test func aListHasEveryHostAndEnds() async throws {
        try await with { context, driver in
            try await context.remember("silent2", ["old1", "old2"])
            let began = ContinuousClock.now
            let lines = await MachineListing(context, driver: driver).list(context.inventory.hosts)
            #expect(ContinuousClock.now - began < .seconds(60))
            let shown = lines.map { line in
                switch line {
                case .machine(let row): "\(row.host.name): \(row.machine.name)"
                case .silent(let host, let problem, let lastSeen):
                    "\(host.name): \(problem.kind) \(problem.diagnostic.summary) \(lastSeen)"
                }
            }
            #expect(
                Set(shown) == [
                    "live1: web1", "silent1: unreachable no answer within 2 s []",
                    "silent2: unreachable no answer within 2 s [\"old1\", \"old2\"]",
                    "silent3: unreachable no answer within 2 s []",
                    "refusing1: unreachable connection refused []",
                ])
            #expect(MachineMemory(context.directory).lastSeen(on: "live1") == ["web1"])
            #expect(MachineMemory(context.directory).lastSeen(on: "silent2") == ["old1", "old2"])
        }
    }

    @Test func copiesOfImagesAreCountedBesideSilentHosts() async throws {
        try await with { context, driver in
            let began = ContinuousClock.now
            let copies = await ImageCopies(context, driver: driver)
            #expect(ContinuousClock.now - began < .seconds(60))
            let problems = copies.hosts.compactMap { host, answer in
                if case .failure(let problem) = answer { "\(host.name): \(problem.diagnostic.summary)" } else { nil }
            }
            #expect(
                Set(problems) == [
                    "silent1: no answer within 8 s", "silent2: no answer within 8 s", "silent3: no answer within 8 s",
                    "refusing1: connection refused",
                ])
        }
    }

    /// Whatever the reason is that one copy stays.
    @Test func oneCopyThatStaysDoesNotHoldUpTheOthers() async throws {
        try await with { context, driver in
            func copy(_ digest: String) -> ImageCopies.Copy {
                let name = "drover-image-\(digest).qcow2"
                return ImageCopies.Copy(
                    volume: VolumeInfo(name: name, path: "/images/\(name)", pool: "default", capacity: 1), users: [])
            }
            let (busy, free) = ("0123456789abcdef", "fedcba9876543210")
            let lock = try OperationLock(context.directory, "push-\(busy)", meaning: "the image")
            defer { withExtendedLifetime(lock) {} }
            let removal = ImageRemoval(context, driver: driver)
            let problems = try await removal.remove([
                (try context.host(named: "live1"), copy(busy)), (try context.host(named: "refusing1"), copy(free)),
            ])
            #expect(problems.map(\.diagnostic.host) == ["live1", "refusing1"])
            #expect(problems.last?.diagnostic.summary == "connection refused")
        }
    }

    @Test func aMachineIsFoundBesideSilentHosts() async throws {
        try await with { context, driver in
            let found = try await MachineCensus(context, driver: driver).locate("web1")
            #expect(found.host.name == "live1" && found.machine.name == "web1")
        }
    }

    @Test func aMachineOfASilentHostIsOutOfReach() async throws {
        try await with { context, driver in
            try await context.remember("silent1", ["lost1"])
            let lost = await #expect(throws: HostProblem.self) {
                try await MachineCensus(context, driver: driver).locate("lost1")
            }
            #expect(lost?.kind == .unreachable && lost?.diagnostic.host == "silent1")
            #expect(lost?.diagnostic.summary.contains("was last seen here") == true)
            let none = await #expect(throws: Diagnostics.self) {
                try await MachineCensus(context, driver: driver).locate("web2")
            }
            #expect(none?.all.first?.detail?.contains("may have it") == true)
            #expect(none?.all.first?.hint == "did you mean \"web1\"?")
        }
    }
}

extension FleetContext {
    /// As if a host had answered with these VMs before.
    fileprivate func remember(_ host: String, _ names: [String]) async throws {
        let asked = try self.host(named: host)
        let machines = names.map {
            DomainSummary(name: $0, uuid: $0, state: DomainState(activity: .running), cpus: 1, memoryMiB: 64)
        }
        MachineMemory(directory).remember([MachineCensus.Answer(host: asked, machines: .success(machines))])
    }
}
