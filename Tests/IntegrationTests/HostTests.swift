import Foundation
import Glibc
import Testing

extension OnALab {
    /// What is done to hosts outside of roles and VMs.
    @Suite struct HostTests {
        @Test func filesGoThereAcrossAndBack() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let folder = NSTemporaryDirectory() + "copies-\(getpid())"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let name = "é $(touch x) 'q'.bin"
            let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) })
            try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            try await fleet.drover.must("host", "copy", "\(folder)/\(name)", "hv1:/root")
            try await fleet.drover.must("host", "copy", "hv1:/root/\(name)", "hv2:/root/across.bin")
            try await fleet.drover.must("host", "copy", "hv2:/root/across.bin", folder)
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/across.bin")) == bytes)

            // One that is there keeps who owns it and who may read it.
            _ = try await fleet.told("hv1", "cd /root && chmod 640 *.bin && chown daemon *.bin")
            try Data("short".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            try await fleet.drover.must("host", "copy", "\(folder)/\(name)", "hv1:/root")
            #expect(try await fleet.told("hv1", "cd /root && stat -c '%a %U %s' *.bin") == "640 daemon 5")
            for (words, problem) in [
                (["hv1:/etc", folder], "it is a directory"), (["hv1:/none", folder], "no such file"),
                (["\(folder)/\(name)", "hv1:/none/x"], "there is no directory /none"),
                (["\(folder)/none", "hv1:/root"], "is no file"), (["a", "b"], "neither is on a host"),
            ] {
                let refused = try await fleet.drover.run(["host", "copy"] + words)
                #expect(!refused.succeeded && refused.problem.contains(problem), refused.words)
            }
            let left = try await fleet.told("hv1", "cd /root && rm *.bin && ls -A | grep drover; ls x; true")
            #expect(left.isEmpty, "\(left)")
            _ = try await fleet.told("hv2", "rm /root/across.bin")
        }

        @Test func aMagicPacketReachesTheSleeper() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            try await fleet.drover.must("host", "facts")
            let hear =
                "rm -f /run/woken; systemd-run -q --unit=ear sh -c 'timeout 60 systemd-socket-activate --datagram -l 9"
                + " sh -c \"head -c 102 <&3 >/run/woken\"'"
            _ = try await fleet.told("hv1", hear)
            _ = try await eventually("hv1 listens") {
                try await fleet.on("hv1", "grep -q ':0009 ' /proc/net/udp /proc/net/udp6").succeeded ? true : nil
            }
            let sent = try await fleet.drover.json("host", "wake", "hv1", "--from", "hv2")
            #expect(sent["senders"].list.compactMap(\.string) == ["controller", "hv2"])
            let mac = try #require(sent["addresses"].list.first?.string).replacing(":", with: "")
            let heard = try await eventually("the packet is heard") {
                let bytes = try await fleet.on("hv1", "od -An -tx1 -v /run/woken | tr -d ' \\n'").output
                return bytes.count >= 204 ? bytes : nil
            }
            #expect(heard == "ffffffffffff" + String(repeating: mac, count: 16))
            let unknown = try await fleet.drover(
                "host", "wake", "hv1", "--vars", try fleet.write("mac.yaml", "mac: none\n"))
            #expect(unknown.code == 1 && unknown.problem.contains("no MAC address"), unknown.words)
        }
    }
}
