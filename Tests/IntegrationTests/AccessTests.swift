import Foundation
import Glibc
import Lab
import Testing

extension OnALab {
    /// Ways into VMs: addresses, console, display, picture; and what a list says of hosts that are gone.
    @Suite struct AccessTests {
        /// A console on a terminal of its own (made by script), left by its key; the terminal is what it was.
        @Test func theConsoleIsATerminal() async throws {
            let fleet = try LabFleet.shared()
            let name = try await fleet.guest().guest.name
            let console = fleet.drover.line("vm", "console", name)
            let sitting = """
                stty -a >before; \(console); echo "code $?"; stty -a >after; cmp before after && echo restored
                """
            let script = try fleet.write("console.sh", "cd \(fleet.folder)\n" + sitting)
            let ended = try await Ended.run([
                "sh", "-c",
                """
                mkfifo "$1/keys"
                { while ! grep -q 'drover-guest: ' "$1/seen"; do sleep 0.2; done; printf '\\035'; } >"$1/keys" &
                : >"$1/seen"
                timeout 60 script -qefc "sh $2" /dev/null <"$1/keys" | tee "$1/seen"
                rm "$1/keys"
                """, "sh", fleet.folder, script,
            ])
            #expect(ended.output.contains("connected to \(name) on hv"), ended.words)
            #expect(ended.output.contains(" \(name) "), ended.words)
            #expect(ended.output.contains("left the console of \(name)"), ended.words)
            #expect(ended.output.contains("code 0") && ended.output.contains("restored"), ended.words)
        }

        @Test func theConsoleIsAPipe() async throws {
            let fleet = try LabFleet.shared()
            let name = try await fleet.guest().guest.name
            let seen = try await fleet.drover("vm", "console", name, "--until", " \(name) ", "--for", "60")
            #expect(seen.code == 0 && seen.output.contains("drover-guest: "), seen.words)
            let missed = try await fleet.drover("vm", "console", name, "--until", "no such words", "--for", "1")
            #expect(missed.code == 1 && missed.problem.contains("has not printed \"no such words\""), missed.words)
            // Whichever of the two comes first: this one gets it.
            let busy = try await fleet.drover("vm", "console", name, "--force", "--until", "never", "--for", "60") {
                first in
                _ = try await eventually("the console is open") {
                    let second = try await fleet.drover("vm", "console", name, "--for", "1")
                    return second.problem.contains("somebody else has the console") ? second : nil
                }
                let taker = try await fleet.drover("vm", "console", name, "--force", "--for", "1")
                #expect(taker.code == 0, taker.words)
                _ = first
            }
            #expect(busy.code == 1 && busy.problem.contains("another client has taken the console"), busy.words)
        }

        /// Its DHCP server is the lab's: libvirt knows of no lease.
        @Test func theHostsNetworkKnowsAddresses() async throws {
            let fleet = try LabFleet.shared()
            let guest = try await fleet.guest().guest
            let address = try #require(try await guest.address())
            _ = try await fleet.controller("ip", "neigh", "flush", "all")
            _ = try await fleet.told(try await guest.host(), "ip neigh flush dev br0; true")
            _ = try await fleet.controller("ip", "neigh", "flush", "all")
            let addresses = try await fleet.drover.json("vm", "ip", guest.name).list
            let first = try #require(addresses.first)
            #expect(first["address"].string == address, "\(addresses)")
            #expect(["probe", "arp", "controller"].contains(first["source"].string ?? ""), "\(addresses)")
            let waited = try await fleet.drover.must("vm", "ip", guest.name, "--first", "--wait")
            #expect(waited.output == address + "\n")
        }

        @Test func aScreenIsSeenThroughSSH() async throws {
            let fleet = try LabFleet.shared()
            _ = try await fleet.guest()
            _ = try await fleet.told(
                "hv1", "printf '%s' '\(Self.screen)' >/run/screen.xml; virsh -q create /run/screen.xml")
            let picture = fleet.folder + "/screen.png"
            try await fleet.drover.must("vm", "screenshot", "screen", "-o", picture)
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: picture)))
            #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
            // The header's width and height: VGA text, 720 by 400, or whatever the firmware chose by now.
            let size = bytes[16..<24].reduce(0) { $0 << 8 | UInt64($1) }
            #expect((320...4096).contains(size >> 32) && (200...4096).contains(size & 0xFFFF_FFFF))
            let shown = try await fleet.drover("vm", "display", "screen", "--print", "--port", "35999") { process in
                let banner = try await eventually("the display greets") {
                    let greeting = try await fleet.controller(
                        "timeout", "5", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/35999 && head -c 12 <&3")
                    return greeting.output.isEmpty ? nil : greeting.output
                }
                #expect(banner == "RFB 003.008\n")
                kill(process, SIGINT)
            }
            #expect(shown.output == "vnc://127.0.0.1:35999\n", shown.words)
            let blind = try await fleet.drover("vm", "screenshot", "counting")
            #expect(blind.code == 1 && blind.problem.contains("has no display device"), blind.words)
            let foreign = try #require(
                try await fleet.drover.json("vm", "list").list.first { $0["name"].string == "screen" })
            #expect(foreign["owner"] == .null && foreign["image"] == .null)
            _ = try await fleet.told("hv1", "virsh -q destroy screen")
        }

        private static let screen = """
            <domain type="qemu"><name>screen</name><memory unit="MiB">64</memory><vcpu>1</vcpu>\
            <os><type arch="x86_64" machine="q35">hvm</type></os>\
            <devices><graphics type="vnc" autoport="yes" listen="127.0.0.1"/><video><model type="vga"/></video></devices>\
            </domain>
            """

        /// One host's cable is cut, or its libvirtd stands still while its sshd answers: it is a line of the list, in time.
        @Test(arguments: ["cut", "stopped"]) func aDeadHostIsALine(by death: String) async throws {
            let fleet = try LabFleet.shared()
            let guest = try await fleet.guest().guest
            let dead = try await guest.host()
            _ = try await fleet.drover("vm", "list")
            if death == "cut" {
                try await fleet.lab.link(dead, .cut)
            } else {
                _ = try await fleet.told(dead, "kill -STOP $(systemctl show -p MainPID --value libvirtd)")
            }
            let began = ContinuousClock.now
            let listed = try? await fleet.drover("vm", "list", "--timeout", "2", "--format", "json")
            let took = ContinuousClock.now - began
            let shown = try? await fleet.drover("vm", "show", guest.name, "--timeout", "2")
            if death == "cut" {
                try await fleet.lab.link(dead, .restore)
            } else {
                _ = try await fleet.told(dead, "kill -CONT $(systemctl show -p MainPID --value libvirtd)")
            }
            let ended = try #require(listed)
            #expect(ended.code == 4, ended.words)
            // Far more than 2 s for a machine under load, far less than any hang.
            #expect(took < .seconds(20))
            let row = try #require(try Tree(ended.output).list.first { $0["host"].string == dead })
            #expect(row["state"].string == "unreachable" && row["name"] == .null)
            #expect(row["last_seen"].list.contains { $0.string == guest.name })
            #expect(row["problem"].string?.isEmpty == false)
            let answer = try #require(shown)
            #expect(answer.code == 4 && answer.problem.contains("was last seen here"), answer.words)
            _ = try await eventually("\(dead) answers again") {
                try await fleet.drover("vm", "list", "--timeout", "5").code == 0 ? true : nil
            }
        }
    }
}

extension Drover {
    /// A command of Drover's as one line of sh.
    fileprivate func line(_ words: String...) -> String {
        let environment = ["env", "HOME=\(home)", "SSH_AUTH_SOCK="]
        return (environment + prefix + [executable, "-C", fleet] + words)
            .map { "'" + $0.replacingOccurrences(of: "'", with: "'\\''") + "'" }.joined(separator: " ")
    }
}
