import Foundation
import Glibc
import Inventory
import Testing
import Values

@testable import Fleet

@Suite struct OfflineSeedTests {
    /// Whether this machine can export and mount a disk.
    private static let canMount =
        geteuid() == 0
        && ["/dev/fuse", "/dev/loop-control", "/usr/bin/qemu-storage-daemon", "/usr/sbin/mke2fs", "/usr/sbin/debugfs"]
            .allSatisfy { FileManager.default.fileExists(atPath: $0) }

    private static let tree = """
        mkdir -p image/etc image/root image/var/lib image/usr/lib/systemd
        : > image/usr/lib/systemd/systemd
        printf 'root:x:0:0:root:/root:/bin/sh\\nops:x:1000:1001::/home/ops:/bin/sh\\n' > image/etc/passwd
        printf 'root:x:0:\\nops:x:1001:\\n' > image/etc/group
        echo 0123 > image/etc/machine-id
        ln -s "$PWD/outside" image/etc/outside
        ln -s ../../../../../../../../var/lib image/etc/state
        truncate -s 16M file.raw
        mke2fs -q -t ext4 -d image file.raw
        qemu-img create -q -f qcow2 -b file.raw -F raw disk.qcow2
        """

    @Test(.enabled(if: canMount, "needs root, FUSE, loop devices, qemu-utils and e2fsprogs"))
    func theDiskIsSeeded() async throws {
        try await ScratchFleet.with { fleet in
            let (context, host) = try Self.here(fleet)
            try await Self.run("cd \"$1\"\n" + Self.tree, [fleet.root], on: host)
            let entry = try YAML.read(
                SourceText(
                    name: "vm",
                    text: """
                        seed: nbd
                        user_data: "#!/bin/sh\\ntrue\\n"
                        ssh_keys: [ssh-ed25519 AAAAuser]
                        files:
                        - {path: /etc/outside, contents: "$(kept)\\n", mode: '0640', owner: 'ops:ops'}
                        - {path: /etc/state/some dir/a file, contents: "one\\n"}
                        """))
            let spec = try MachineSpec(name: "web1", entry.map ?? Mapping(), vars: Mapping())
            var boot = try FirstBoot(
                spec, instance: "test-\(getpid())", nics: [], host: host, key: await FirstBoot.ownKey(for: spec))
            boot = FirstBoot(
                instance: boot.instance, spec: boot.spec, nics: [], login: GuestLogin(user: "ops", keys: []),
                hostKey: boot.hostKey, publicHostKey: boot.publicHostKey)
            let seed = OfflineSeed(context, host: host, instance: boot.instance)
            try await seed.apply(boot, to: fleet.root + "/disk.qcow2", format: "qcow2")
            #expect(!FileManager.default.fileExists(atPath: "/run/drover-seed-\(boot.instance)"))
            #expect(!FileManager.default.fileExists(atPath: fleet.root + "/outside"))

            try await Self.run("cd \"$1\" && qemu-img convert -O raw disk.qcow2 out.raw", [fleet.root], on: host)
            func told(_ path: String, _ question: String = "cat") async throws -> String {
                try await Self.run(
                    #"cd "$1" && debugfs -R "$2 \"$3\"" out.raw 2>/dev/null"#, [fleet.root, question, path], on: host)
            }
            #expect(try await told("/etc/hostname") == "web1\n")
            #expect(try await told("/etc/machine-id").isEmpty)
            #expect(try await told("/etc/ssh/ssh_host_ed25519_key") == boot.hostKey?.privateText)
            #expect(try await told("/etc/ssh/ssh_host_ed25519_key", "stat").contains(/Mode: +0600/))
            #expect(try await told("/home/ops/.ssh/authorized_keys") == "ssh-ed25519 AAAAuser\n")
            #expect(try await told("/home/ops/.ssh", "stat").contains(/Mode: +0700/))
            #expect(try await told("/home/ops/.ssh", "stat").contains(/User: +1000 +Group: +1001/))
            #expect(try await told(fleet.root + "/outside") == "$(kept)\n")
            #expect(try await told("/var/lib/some dir/a file") == "one\n")
            #expect(try await told("/var/lib/drover/first-boot") == "#!/bin/sh\ntrue\n")
        }
    }

    @Test(.enabled(if: canMount, "needs root, FUSE, loop devices, qemu-utils and e2fsprogs"))
    func anImageWithoutLinuxIsLetGo() async throws {
        try await ScratchFleet.with { fleet in
            let (context, host) = try Self.here(fleet)
            try await Self.run("cd \"$1\" && qemu-img create -q -f qcow2 disk.qcow2 16M", [fleet.root], on: host)
            let boot = FirstBoot(
                instance: "empty-\(getpid())",
                spec: try MachineSpec(name: "web1", Mapping([("seed", "nbd")]), vars: Mapping()),
                nics: [], login: GuestLogin(user: "root", keys: []), hostKey: nil, publicHostKey: nil)
            let seed = OfflineSeed(context, host: host, instance: boot.instance)
            do throws(HostProblem) {
                try await seed.apply(boot, to: fleet.root + "/disk.qcow2", format: "qcow2")
                Issue.record("it was seeded")
            } catch {
                #expect(error.diagnostic.detail?.contains("no root file system of Linux was found") == true)
            }
            #expect(!FileManager.default.fileExists(atPath: "/run/drover-seed-\(boot.instance)"))
            try await seed.release()
        }
    }

    /// A table of what only cloud-init could carry out.
    @Test(arguments: FleetFixtures.cases("offline-seed-refusals.yaml")) func whatItCannotDoIsRefused(
        row: FixtureCase
    ) throws {
        let spec = try MachineSpec(name: "web1", row["vm"]?.map ?? Mapping(), vars: Mapping())
        let result = Result { try OfflineSeed.check(spec, nics: spec.nics) }
        if case .failure(let error) = result {
            #expect((error as? Diagnostics)?.all.map(\.summary) == row["refused"]?.list?.compactMap(\.string))
        } else {
            #expect(row["refused"]?.list?.isEmpty == true)
        }
    }

    private static func here(_ fleet: ScratchFleet) throws -> (FleetContext, FleetHost) {
        try fleet.write("hosts: {here: {connection: local}}\n", to: "inventory/hosts.yaml")
        let context = try fleet.context()
        return (context, try #require(context.inventory.hosts.first))
    }

    @discardableResult
    private static func run(_ text: String, _ arguments: [String], on host: FleetHost) async throws -> String {
        try await HostScript(arguments: arguments, text).run(
            on: LocalConnector().connect(to: host), host: host.name, doing: "prepare")
    }
}
