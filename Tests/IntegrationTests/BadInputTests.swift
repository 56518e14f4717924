import Foundation
import Testing

/// A role with a mistake in it, and what is to be said of it.
struct SpoiledRole: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    /// Line and column in the role's file.
    let place: String
    let words: [String]
    var testDescription: String { name }

    /// A state that would leave a mark if anything were run.
    private static let mark = "mark:\n  file.managed:\n    - name: /root/made\n    - contents: x\n"

    static let all = [
        SpoiledRole(
            name: "indentation", text: "a:\n  file.managed:\n    - name: /root/made\n   - contents: x\n", place: "4:4",
            words: ["not valid YAML", "indented like its neighbours", "   - contents: x"]),
        SpoiledRole(
            name: "unknown state", text: mark + "a:\n  file.manged:\n    - name: /root/made\n", place: "6:3",
            words: ["unknown state \"file.manged\"", "did you mean \"file.managed\"?"]),
        SpoiledRole(
            name: "unknown argument", text: mark + "a:\n  file.managed:\n    - name: /root/made\n    - content: x\n",
            place: "8:7", words: ["unknown argument \"content\"", "did you mean \"contents\"?"]),
        SpoiledRole(
            name: "missing requisite", text: mark + "a:\n  test.nop:\n    - require:\n      - pkg: nothere\n",
            place: "8:14",
            words: ["no state answers to \"pkg: nothere\"", "declare it, or include the SLS that does"]),
        SpoiledRole(
            name: "missing include", text: "include:\n  - not-there\n" + mark, place: "2:5",
            words: ["not-there"]),
        SpoiledRole(
            name: "open block", text: mark + "{% if grains.os == 'Debian' %}\na:\n  test.nop\n", place: "5:1",
            words: ["missing \"{% endif %}\""]),
        SpoiledRole(
            name: "undefined value", text: "a:\n  cmd.run:\n    - name: touch /root/made-{{ grains.osfamly.x }}\n",
            place: "3:40", words: ["\"grains.osfamly\" is undefined", "did you mean \"os_family\"?"]),
        SpoiledRole(
            name: "a failing filter", text: "a:\n  cmd.run:\n    - name: touch /root/made{{ 'x' | nofilter }}\n",
            place: "3:38", words: ["there is no filter \"nofilter\""]),
    ]
}

extension OnALab {
    /// Mistakes and mishaps: one clear diagnostic, the right exit code, the others finish, nothing half-made stays.
    @Suite struct BadInputTests {
        private func role(_ name: String, _ text: String, in drover: Drover) throws {
            let folder = drover.fleet + "/roles/" + name
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try text.write(toFile: folder + "/init.sls", atomically: true, encoding: .utf8)
        }

        private func errors(_ ended: Ended) -> [Substring] {
            ended.problem.split(separator: "\n").filter { $0.contains(#/^(\w+: )?error: /#) }
        }

        @Test(arguments: [
            ("address: 10.77.0.12}", "addres: 10.77.0.12}", "10:13", "did you mean \"address\"?"),
            ("address: 10.77.0.12}", "address: 10.77.0.12", "10:12", "not valid YAML"),
            ("roles: [bridge", "rolls: [bridge", "11:5", "did you mean \"roles\"?"),
            ("hypervisors:\n", "hypervisors\n", "", "not valid YAML"),
        ])
        func aTypoInTheInventoryIsShown(good: String, bad: String, place: String, words: String) async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let drover = try await fleet.spoiled("typo")
            let path = drover.fleet + "/inventory/hosts.yaml"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let spoiled = text.replacing(good, with: bad, maxReplacements: 1)
            try #require(spoiled != text)
            try spoiled.write(toFile: path, atomically: true, encoding: .utf8)
            for command in [["host", "ping"], ["apply"], ["vm", "list"]] {
                let ended = try await drover.run(command)
                #expect(ended.code == 1, ended.words)
                #expect(errors(ended).count == 1, ended.words)
                #expect(ended.problem.contains("inventory/hosts.yaml:\(place)"), ended.words)
                #expect(ended.problem.contains(words), ended.words)
            }
        }

        @Test(arguments: SpoiledRole.all)
        func aMistakeInARoleIsShownAndNothingIsRun(_ mistake: SpoiledRole) async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let drover = try await fleet.spoiled("mistake")
            try role("broken", mistake.text, in: drover)
            let ended = try await drover("apply", "broken", "-t", "hypervisors")
            #expect(ended.code == 3, ended.words)
            #expect(errors(ended).count == 2, ended.words)
            for word in mistake.words + ["roles/broken/init.sls:\(mistake.place)", "hv1: error: ", "hv2: error: "] {
                #expect(ended.problem.contains(word), "\(word) is missing: \(ended.words)")
            }
            for host in fleet.hosts {
                #expect(try await fleet.told(host, "ls /root; find /run/drover -name 'run.*'; true").isEmpty)
            }
        }

        @Test func anUnreachableHostKeepsNobodyElseUp() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let drover = try await fleet.spoiled("unreachable")
            try "hosts:\n  hv9: {address: 10.77.0.99}\n".write(
                toFile: drover.fleet + "/inventory/more.yaml", atomically: true, encoding: .utf8)
            try role("marker", "marker:\n  file.managed:\n    - name: /srv/marker\n    - contents: here\n", in: drover)
            let words = ["apply", "marker", "-t", "hv1,hv2,hv9", "--timeout", "3"]
            let ended = try await drover.run(words + ["--format", "json"])
            #expect(ended.code == 4, ended.words)
            #expect(errors(ended).count == 1 && ended.problem.contains("hv9: error: "), ended.words)
            #expect(ended.problem.contains("10.77.0.99"), ended.words)
            #expect(ended.problem.contains("`drover host show hv9`"), ended.words)
            let report = try Tree(ended.output)
            #expect(report["hv9"]["unreachable"].string?.isEmpty == false)
            for host in fleet.hosts {
                #expect(report[host].map.values.map { $0["result"].bool } == [true])
                #expect(try await fleet.told(host, "cat /srv/marker && rm /srv/marker") == "here")
            }
        }

        @Test func aRefusedKeyIsNamed() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let drover = try await fleet.spoiled("refused")
            let key = drover.fleet + "/other-key"
            #expect(try await Ended.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]).succeeded)
            let path = drover.fleet + "/inventory/hosts.yaml"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacing("hv2: {", with: "hv2: {identity: \(key), ").write(
                toFile: path, atomically: true, encoding: .utf8)
            let ping = try await drover("host", "ping")
            #expect(ping.code == 4, ping.words)
            #expect(
                errors(ping).count == 1 && ping.problem.contains("hv2: error: authentication as 'root' failed"),
                ping.words)
            #expect(ping.problem.contains(key) && ping.problem.contains("authorized_keys"), ping.words)
            #expect(ping.output.contains(/hv1 +yes/), ping.words)
        }

        @Test func aFullDiskFailsOneStateOfOneHost() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let drover = try await fleet.spoiled("full")
            let text = """
                big:
                  file.managed:
                    - name: /srv/small/big
                    - source: salt://full/data
                after:
                  test.succeed_with_changes:
                    - require:
                      - file: big

                """
            try role("full", text, in: drover)
            try Data(repeating: 0x61, count: 400_000).write(to: URL(fileURLWithPath: drover.fleet + "/roles/full/data"))
            for host in fleet.hosts { _ = try await fleet.told(host, "mkdir -p /srv/small") }
            _ = try await fleet.told("hv1", "mount -t tmpfs -o size=64k tmpfs /srv/small")
            let ended = try await drover("apply", "full", "-t", "hypervisors", "--format", "json")
            #expect(ended.code == 3, ended.words)
            let report = try Tree(ended.output)
            let states = report["hv1"].map.values.sorted {
                ($0["__run_num__"].number ?? 0) < ($1["__run_num__"].number ?? 0)
            }
            #expect(states.map { $0["result"].bool } == [false, false])
            #expect(states.first?["comment"].string?.contains("No space left on device") == true, ended.words)
            #expect(states.first?["comment"].string?.contains("/srv/small/big") == true, ended.words)
            #expect(report["hv2"].map.values.allSatisfy { $0["result"].bool == true }, ended.words)
            #expect(try await fleet.told("hv1", "ls -A /srv/small; find /run/drover -name 'run.*'").isEmpty)
            for host in fleet.hosts {
                _ = try await fleet.told(host, "umount /srv/small 2>/dev/null; rm -rf /srv/small")
            }
        }

        @Test func aPackageThatDoesNotExistFailsItsHostOnly() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let drover = try await fleet.spoiled("package")
            let name = "{{ 'no-such-package' if grains.id == 'hv1' else 'bash' }}"
            try role("package", "package:\n  pkg.installed:\n    - name: \(name)\n", in: drover)
            let ended = try await drover("apply", "package", "-t", "hypervisors", "--format", "json")
            #expect(ended.code == 3, ended.words)
            let report = try Tree(ended.output)
            let failed = try #require(report["hv1"].map.values.first)
            #expect(failed["result"].bool == false)
            #expect(failed["comment"].string?.contains("Unable to locate package no-such-package") == true, ended.words)
            #expect(report["hv2"].map.values.first?["result"].bool == true, ended.words)
        }

        /// What a power cut during an installation leaves: dpkg refuses all work until it has finished that one.
        @Test func anInterruptedInstallationIsFinishedFirst() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.met()
            let drover = try await fleet.spoiled("interrupted")
            try role("interrupted", "package:\n  pkg.installed:\n    - name: hello\n", in: drover)
            _ = try await fleet.told("hv1", "apt-get -y purge hello; dpkg -s bash >/var/lib/dpkg/updates/0001")
            let ended = try await drover("apply", "interrupted", "-t", "hv1", "--format", "json")
            #expect(ended.code == 0, ended.words)
            #expect(
                try Tree(ended.output)["hv1"].map.values.first?["changes"]["hello"]["new"].string != nil, ended.words)
            #expect(try await fleet.told("hv1", "ls -A /var/lib/dpkg/updates; apt-get -y purge hello >&2").isEmpty)
        }

        @Test(arguments: ["text", "cut", "chained", "missing"])
        func whatIsNoImageIsNotTakenIn(_ kind: String) async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let path = fleet.folder + "/\(kind).qcow2"
            let make = [
                "text": "echo 'no image' >\"$0\"",
                "cut": "qemu-img create -q -f qcow2 \"$0\" 8M && truncate -s 60 \"$0\"",
                "chained":
                    "qemu-img create -q -f qcow2 \"$0.base\" 8M && qemu-img create -q -f qcow2 -b \"$0.base\" -F qcow2 \"$0\" && rm -f \"$0.base\"",
                "missing": "rm -f \"$0\"",
            ]
            #expect(try await Ended.run(["sh", "-c", try #require(make[kind]), path]).succeeded)
            let before = try await fleet.drover.json("image", "list")
            let ended = try await fleet.drover("image", "add", path, "--name", "bad")
            #expect(ended.code == 1, ended.words)
            #expect(errors(ended).count == 1 && ended.problem.contains("\(kind).qcow2"), ended.words)
            #expect(try await fleet.drover.json("image", "list") == before)
        }
    }
}
