import Foundation
import Glibc
import Lab
import Testing

extension OnALab {
    /// What becomes of a run when its controller or its cable is gone.
    @Suite struct CutRunTests {
        private func prepared(_ fleet: LabFleet, _ role: String, mark: String) throws {
            try fleet.write(
                "fleet/roles/\(role)/init.sls",
                """
                \(role)-begins:
                  cmd.run:
                    - name: touch \(mark).began && sleep 4 && touch \(mark).slept
                \(role)-ends:
                  file.managed:
                    - name: \(mark).ended
                    - contents: the last state

                """)
        }

        private func waitFor(_ file: String, _ fleet: LabFleet) async throws {
            _ = try await eventually("\(file) on hv1") {
                try await fleet.on("hv1", "test -e \(file)").succeeded ? true : nil
            }
        }

        @Test func aKilledControllerDoesNotStopTheRun() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            try prepared(fleet, "left-alone", mark: "/root/left")
            let ended = try await fleet.drover("apply", "left-alone", "-t", "hv1") { process in
                try await waitFor("/root/left.began", fleet)
                kill(process, SIGKILL)
            }
            #expect(ended.code == 128 + SIGKILL)
            try await waitFor("/root/left.ended", fleet)

            // Its program and files go at its end; its results wait for a day, then the next run removes them.
            let left = "cd /run/drover && ls -d run.*/program run.*/*.blob run.*/work 2>/dev/null; true"
            _ = try await eventually("the run's remains") { try await fleet.told("hv1", left).isEmpty ? true : nil }
            let age = "for born in /run/drover/run.*/born; do sed -i '2s/.*/1000000000/' $born; done"
            _ = try await fleet.told("hv1", age)
            try await fleet.drover.must("host", "facts", "-t", "hv1")
            _ = try await eventually("a clean /run/drover") {
                try await fleet.told("hv1", "ls /run/drover | grep -v pending; true").isEmpty ? true : nil
            }
            _ = try await fleet.told("hv1", "rm -f /root/left.*")
        }

        @Test func anUploadThatIsCutOffRunsNothingAndLeavesNothing() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let text = "upload-mark:\n  file.managed:\n    - name: /srv/mark\n    - contents: x\n"
            let big = "upload-big:\n  file.managed:\n    - name: /srv/big\n    - source: salt://upload/data\n"
            try fleet.write("fleet/roles/upload/init.sls", text + big)
            try Data((0..<20_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }).write(
                to: URL(fileURLWithPath: fleet.drover.fleet + "/roles/upload/data"))
            // Slow enough to be met on the way.
            try await fleet.lab.link("hv1", .slow)
            let ended = try await fleet.drover("apply", "upload", "-t", "hv1") { process in
                _ = try await eventually("a part of the upload") {
                    try await fleet.on("hv1", "find /run/drover -name '*.blob' -size +1000k | grep -q .").succeeded
                        ? true : nil
                }
                kill(process, SIGKILL)
            }
            try await fleet.lab.link("hv1", .restore)
            #expect(ended.code == 128 + SIGKILL)
            _ = try await eventually("a clean /run/drover") {
                try await fleet.told("hv1", "find /run/drover -name 'run.*'").isEmpty ? true : nil
            }
            #expect(try await fleet.told("hv1", "ls -d /srv/mark /srv/big /srv/.drover* 2>/dev/null; true").isEmpty)
            try FileManager.default.removeItem(atPath: fleet.drover.fleet + "/roles/upload")
        }

        @Test func aCutCableDoesNotStopTheRun() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            try prepared(fleet, "cut-off", mark: "/root/cut")
            let ended = try await fleet.drover("apply", "cut-off", "-t", "hv1,hv2", "--format", "json") { process in
                try await waitFor("/root/cut.began", fleet)
                try await fleet.lab.link("hv1", .cut)
                try await waitFor("/root/cut.ended", fleet)
                try await fleet.lab.link("hv1", .restore)
            }
            // Of hv1 either all came through behind the cut, or it is lost: never failed.
            #expect([0, 4].contains(ended.code), ended.words)
            let report = try Tree(ended.output)
            #expect(report["hv2"].map.count == 2 && report["hv2"].map.values.allSatisfy { $0["result"].bool == true })
            #expect(report["hv1"].map.values.allSatisfy { $0["result"].bool != false }, ended.words)
            let ping = try await fleet.drover("host", "ping")
            #expect(ping.code == 0, ping.words)
            for host in fleet.hosts { _ = try await fleet.told(host, "rm -f /root/cut.*; rm -rf /run/drover/run.*") }
        }
    }
}
