import Foundation
import PKI
import Testing
import Values

@testable import Modules
@testable import States

/// `virt.keys` in a directory of its own: delivery, exchange, undo, and what is refused.
@Suite struct KeyTests {
    private func keys(_ version: String, _ mark: String, shipped: Bool = true) -> VirtKeys {
        var files: [VirtKeyFile] = []
        for plane in [VirtKeyFile.Plane.api, .data] {
            for role in VirtKeyFile.Role.allCases {
                let content = Array("\(plane) \(role) \(mark)\n".utf8)
                let isKept = shipped || ![.serverkey, .clientkey].contains(role)
                files.append(
                    VirtKeyFile(
                        plane: plane, role: role, sha256: ContentDigest.sha256(content), content: isKept ? content : nil
                    ))
            }
        }
        return VirtKeys(version: version, files: files)
    }

    private func deliver(_ keys: VirtKeys, to host: ScratchHost, test: Bool = false) async throws -> StateResult {
        let table: Value = ["low": [["fun": "virt.keys", "id": "keys", "basepath": "{root}/pki"]]]
        var run = PlannedRun(item: StateCase(name: "keys", table: table), host: host, test: test)
        run.materials = Materials(virtKeys: keys)
        return try #require(try await run.results().first)
    }

    private func script(_ text: String, on host: ScratchHost) async throws -> String {
        let outcome = try await host.run(["-c", "cd \"$ROOT/pki\" && " + text], environment: ["ROOT": host.root])
        return String(decoding: outcome.output, as: UTF8.self) + outcome.error
    }

    @Test(arguments: HostShell.allCases)
    func deliversAndExchanges(_ shell: HostShell) async throws {
        let host = try ScratchHost(shell, groups: ["libvirt-qemu"])
        defer { host.remove() }
        let foretold = try await deliver(keys("v1", "one"), to: host, test: true)
        #expect(foretold.result == nil && foretold.changes["serverkey"] == "new", "\(foretold)")
        #expect(!FileManager.default.fileExists(atPath: host.outside + "/pki"), "test mode makes nothing")

        let first = try await deliver(keys("v1", "one"), to: host)
        #expect(first.result == true, "\(first)")
        #expect(first.comment == "Updated libvirt certs and keys")
        #expect(
            Set(first.changes.keys.compactMap(\.string)) == [
                "cacert", "cacrl", "servercert", "serverkey", "clientcert", "clientkey", "qemu-cacert", "qemu-cacrl",
                "qemu-servercert", "qemu-serverkey", "qemu-clientcert", "qemu-clientkey",
            ])
        let modes = try await script(
            "cat libvirt/private/serverkey.pem CA/cacert.pem qemu/server-key.pem; stat -L -c %a libvirt/private/serverkey.pem CA/cacert.pem qemu/server-key.pem qemu; readlink libvirt/current; readlink CA/cacert.pem",
            on: host)
        #expect(
            modes
                == "api serverkey one\napi cacert one\ndata serverkey one\n600\n644\n640\n755\nversions/v1\n../libvirt/current/cacert.pem\n"
        )

        let again = try await deliver(keys("v1", "one", shipped: false), to: host)
        #expect(again.result == true && again.changes.isEmpty && again.comment == "All keys are correct", "\(again)")

        let second = try await deliver(keys("v2", "two"), to: host)
        #expect(second.result == true && second.changes["serverkey"] == "update", "\(second)")
        let third = try await deliver(keys("v3", "three"), to: host)
        #expect(third.result == true)
        let kept = try await script("ls libvirt/versions; cat libvirt/servercert.pem", on: host)
        #expect(kept == "v2\nv3\napi servercert three\n", "the previous version stays, older ones go")

        let unknown = try await deliver(keys("v4", "four", shipped: false), to: host)
        #expect(unknown.result == false && unknown.comment.contains("serverkey"), "\(unknown)")
        #expect(
            try await script("cat libvirt/servercert.pem", on: host) == "api servercert three\n", "nothing by halves")
    }

    @Test(arguments: HostShell.allCases)
    func repairsWhatWasDamaged(_ shell: HostShell) async throws {
        let host = try ScratchHost(shell, groups: ["libvirt-qemu"])
        defer { host.remove() }
        _ = try await script("true", on: host)
        let made = try await host.run(
            ["-c", "mkdir -p \"$ROOT/pki/libvirt/private\"; echo old >\"$ROOT/pki/libvirt/private/serverkey.pem\""],
            environment: ["ROOT": host.root])
        #expect(made.succeeded)
        #expect(try await deliver(keys("v1", "one"), to: host).result == true)
        #expect(
            try await script(
                "cat libvirt/versions/before/*; echo x >>libvirt/servercert.pem; chmod 644 qemu/server-key.pem",
                on: host) == "old\n")
        let repaired = try await deliver(keys("v1", "one"), to: host)
        #expect(repaired.result == true, "\(repaired)")
        #expect(Set(repaired.changes.keys.compactMap(\.string)) == ["servercert", "qemu-serverkey"], "\(repaired)")
        #expect(
            try await script("cat libvirt/servercert.pem; stat -L -c %a qemu/server-key.pem", on: host)
                == "api servercert one\n640\n")
    }

    @Test func isRefusedWithoutAnAuthority() {
        let chunk = LowChunk(
            state: "virt", function: "keys", name: "keys", id: "keys", sls: "case", order: 1, arguments: Mapping(),
            runtime: Mapping(), requisites: [:], written: Mapping(), mark: nil)
        #expect(throws: Diagnostics.self) {
            try HostPlan.plan(
                low: LowState(chunks: [chunk], warnings: []), facts: Mapping(), sources: PlannedRun.sources)
        }
    }
}
