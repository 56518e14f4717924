import Foundation
import Subprocess
import TestSupport
import Testing
import Values

@testable import Modules
@testable import States

/// `network.managed`: stanzas against goldens, and the change itself in a network namespace of its own with ifupdown.
@Suite struct NetworkTests {
    static let seed: Value = [
        "low": [
            ["fun": "network.managed", "id": "eth0", "enabled": true, "type": "eth", "bridge": "br0"],
            [
                "fun": "network.managed", "id": "br0", "enabled": true, "type": "bridge", "proto": "static",
                "ipaddr": "10.9.0.2/24", "require": ["eth0"],
            ],
        ]
    ]

    /// The namespace: eth0 with an address, its other end, /etc/network, /var/lib and /run of its own.
    static let prepare = """
        set -e
        mount -t sysfs none /sys
        ip link set lo up
        mount -t tmpfs none /etc/network && mkdir -p /etc/network/interfaces.d /etc/network/if-up.d /etc/network/if-pre-up.d /etc/network/if-down.d /etc/network/if-post-down.d
        mount -t tmpfs none /var/lib && mkdir -p /var/lib/dhcp
        mount -t tmpfs none /run && mkdir -p /run/network /run/drover
        mkdir -p "$1/etc-systemd" && mount --bind "$1/etc-systemd" /etc/systemd/system
        ip link add eth0 type veth peer name far0
        ip netns add far 2>/dev/null || { mkdir -p /run/netns; ip netns add far; }
        ip link set far0 netns far
        ip -n far link set far0 up
        ip -n far address add 10.9.0.1/24 dev far0
        printf '# of the installer\\nsource /etc/network/interfaces.d/*.cfg\\nauto lo eth0\\niface lo inet loopback\\n\\n# the uplink\\niface eth0 inet static\\n    address 10.9.0.2/24\\n    gateway 10.9.0.1\\n    dns-nameservers 10.9.0.1\\n    wpa-psk hidden-words\\n' >/etc/network/interfaces
        chmod 600 /etc/network/interfaces
        ifup -a >/dev/null 2>&1
        cp /etc/network/interfaces "$1/interfaces.before"
        """

    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/sbin/ifup"), "needs ifupdown"), arguments: [true, false])
    func changesOrTakesBack(_ confirmed: Bool) async throws {
        let host = try ScratchHost(.dash)
        defer { host.remove() }
        let low = StateCase(name: "seed", table: Self.seed).low(root: host.root)
        var facts = PlannedRun.facts
        facts["hwaddr_interfaces"] = ["eth0": "02:00:00:00:09:02"]
        let plan = try HostPlan.plan(low: low, facts: facts, sources: PlannedRun.sources)
        let folder = host.outside
        try FileManager.default.createDirectory(atPath: "\(folder)/run", withIntermediateDirectories: true)
        for (name, test) in [("foretell", true), ("program", false), ("again", false)] {
            let text = plan.program(nonce: "N0nce", test: test, diff: true, confirmSeconds: confirmed ? 20 : 3)
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let confirm = try #require(NetworkConfirm.script("N0nce"))
        try Data(confirm.utf8).write(to: URL(fileURLWithPath: "\(folder)/confirm"))
        let script =
            Self.prepare + "\n" + """
                cd "$1"
                ip link set eth0 address 02:00:00:00:09:02
                for step in foretell program again; do
                    rm -rf run/work
                    if [ $step = program ]; then
                        DROVER_RUN=$1/run sh ./program >program.out &
                        if [ "$2" = true ]; then
                            tries=0
                            until ip netns exec far busybox ping -c 1 -W 1 10.9.0.2 >/dev/null 2>&1 && [ -e /sys/class/net/br0/brif/eth0 ] || [ $tries -gt 40 ]; do
                                sleep 0.2
                                tries=$((tries + 1))
                            done
                            [ -e /etc/systemd/system/sysinit.target.wants/drover-network-restore.service ] && echo armed
                            sh ./confirm
                        fi
                        wait
                    elif [ $step = foretell ] || [ "$2" = true ]; then
                        DROVER_RUN=$1/run sh ./$step >$step.out
                    fi
                    cat run/work/stray >&2 || true
                done
                set +e
                ip netns exec far busybox ping -c 1 -W 2 10.9.0.2 >/dev/null && echo reachable
                cmp -s /etc/network/interfaces interfaces.before && echo restored
                stat -c 'mode %a' /etc/network/interfaces
                [ -e /etc/network/interfaces.d/drover ] && cat /etc/network/interfaces /etc/network/interfaces.d/drover
                ls -A /etc/network/drover-hold /etc/systemd/system /run/drover 2>/dev/null
                ip -o -4 address show | sed 's/^[0-9]*: //; s/ *inet / /; s/ .*scope.*//' >&2
                true
                """
        let result = try await Subprocess.run(
            .name("unshare"), arguments: ["-m", "-n", "/bin/sh", "-c", script, "sh", folder, "\(confirmed)"],
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        let said = result.standardOutput
        let results = ["foretell", "program", "again"].map { name in
            var reader = RecordReader(nonce: "N0nce")
            let output = FileManager.default.contents(atPath: "\(folder)/\(name).out") ?? Data()
            return reader.feed(output).compactMap { record in if case .state(let one) = record { one } else { nil } }
        }
        let notes = Comment(rawValue: "\(said)\n\(result.standardError)\n\(results)")
        #expect(results[0].map(\.result) == [nil, nil], notes)
        let foretold = try #require(results[0].first, notes)
        #expect(foretold.comment.contains("No longer in force: dns-nameservers 10.9.0.1;wpa-psk;"), notes)
        #expect(foretold.diff?.contains("-    wpa-psk ********") == true, notes)
        #expect(!"\(results)".contains("hidden-words"))
        #expect(said.contains("reachable"), notes)
        // Passphrases may stand in it.
        #expect(said.contains("mode 600\n"), notes)
        if confirmed {
            #expect(said.contains("armed\nconfirmed\n"), notes)
            #expect(results[1].map(\.result) == [true, true], notes)
            #expect(results[2].map { $0.changes.isEmpty } == [true, true], notes)
            #expect(said.contains("auto lo\niface lo inet loopback"), notes)
            #expect(!said.contains("iface eth0 inet static"), notes)
        } else {
            #expect(results[1].map(\.result) == [false, false], notes)
            #expect(
                results[1].first?.comment
                    == "The host restored its previous network configuration because nobody confirmed within 3 s that the host can be reached",
                notes)
            #expect(said.contains("restored"), notes)
        }
        #expect(!said.contains("drover-network-restore"), notes)
    }
}
