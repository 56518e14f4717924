import Foundation
import Glibc
import Lab
import Testing

/// Containers on a lab host whose driver is LXC: `DROVER_TEST_CONTAINERS=1`. The host gets what nspawn keeps from it (the
/// FUSE device), and libvirt there does without systemd-machined, which knows no machine within a machine.
@Suite(
    .enabled(if: ProcessInfo.processInfo.environment["DROVER_TEST_CONTAINERS"] == "1"), .serialized)
struct ContainerLabTests {
    private static func tree(in folder: String) async throws -> String {
        let script = """
            cd '\(folder)' && mkdir -p tree/bin tree/sbin tree/proc tree/dev tree/etc tree/sys tree/tmp tree/run &&
            cp "$(command -v busybox)" tree/bin/busybox &&
            printf '%s\\n' '#!/bin/busybox sh' '/bin/busybox --install -s /bin' 'trap "exit 0" TERM' \
                'while :; do echo tick; /bin/busybox sleep 1; done' >tree/sbin/init &&
            chmod 755 tree/sbin/init && tar -C tree -czf tree.tar.gz .
            """
        let ended = try await Ended.run(["sh", "-c", script])
        try #require(ended.succeeded, ended.words)
        return folder + "/tree.tar.gz"
    }

    @Test func aContainerLivesAWholeLife() async throws {
        let fleet = try await LabFleet.up(name: "containers-\(getpid())")
        do {
            try await live(fleet)
        } catch {
            try await fleet.down()
            throw error
        }
        try await fleet.down()
    }

    private func live(_ fleet: LabFleet) async throws {
        try await fleet.converged()
        _ = try await fleet.told(
            "hv1",
            """
            apt-get -qq install libvirt-daemon-driver-lxc >/dev/null 2>&1
            mknod /dev/fuse c 10 229
            rm /usr/share/dbus-1/system-services/org.freedesktop.machine1.service
            systemctl stop systemd-machined; busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig
            systemctl restart libvirtd
            """)
        let hosts = try String(contentsOfFile: fleet.drover.fleet + "/inventory/hosts.yaml", encoding: .utf8)
        try fleet.write("fleet/inventory/hosts.yaml", hosts.replacing("hv1: {", with: "hv1: {uri: 'lxc:///', "))
        let tarball = try await Self.tree(in: fleet.folder)
        let made = try await fleet.drover.json(
            "vm", "create", "box", "--root-tree", tarball, "--memory", "64M", "--on", "hv1")
        #expect(made["host"].string == "hv1" || made.list.first?["host"].string == "hv1")
        #expect(try await fleet.told("hv1", "virsh -q -c lxc:///system domstate box") == "running")
        let listed = try await fleet.drover.json("vm", "list").list.first { $0["name"].string == "box" }
        #expect(listed?["state"].string == "running")

        // By a file, several at once, and as a definition only.
        try fleet.write(
            "fleet/inventory/vms.yaml", "vms: {filed: {root_tree: '\(tarball)', memory: 64M, nics: [{bridge: br0}]}}\n")
        let planned = try await fleet.drover("vm", "plan", "--detailed-exit-code")
        #expect(planned.code == 2 && planned.output.contains("+ filed: create on hv1"), planned.words)
        try await fleet.drover.must("vm", "apply")
        #expect(try await fleet.drover("vm", "plan", "--detailed-exit-code").code == 0)
        try fleet.write("fleet/inventory/vms.yaml", "vms: {}\n")
        try await fleet.drover.must("vm", "create", "many[1-2]", "--root-tree", tarball, "--memory", "64M")
        let definition = try await fleet.drover.must("vm", "create", "shown", "--root-tree", tarball, "--print-xml")
        #expect(definition.output.contains("<domain type='lxc'>"), definition.words)
        for name in ["filed", "many1", "many2"] {
            try await fleet.drover.must("vm", "delete", name, "--force", "--yes")
        }

        let migration = try await fleet.drover("vm", "migrate", "box", "--to", "hv2")
        #expect(migration.code == 1 && migration.problem.contains("the LXC driver has no live migration"))
        let snapshot = try await fleet.drover("vm", "snapshot", "create", "box")
        #expect(snapshot.problem.contains("the LXC driver has no snapshots"), snapshot.words)
        for words in [
            ["clone", "box", "box2"], ["rename", "box", "box2"], ["display", "box"], ["screenshot", "box"],
            ["resize", "box", "--memory", "128M"], ["save", "box"],
        ] {
            let refused = try await fleet.drover.run(["vm"] + words)
            #expect(refused.code != 0 && refused.problem.contains("the LXC driver has no"), refused.words)
        }
        let broken = fleet.folder + "/broken.tar.gz"
        let shortened = try await Ended.run(["sh", "-c", "head -c 3000 '\(tarball)' >'\(broken)'"])
        try #require(shortened.succeeded, shortened.words)
        let cut = try await fleet.drover("vm", "create", "cut", "--root-tree", broken, "--on", "hv1")
        #expect(cut.code != 0 && cut.problem.contains("nexpected end of file"), cut.words)
        let machine = try await fleet.drover("vm", "create", "kvm", "--image", "none", "--on", "hv1")
        #expect(machine.code == 1, machine.words)

        try await fleet.drover.must("vm", "stop", "box")
        #expect(try await fleet.told("hv1", "virsh -q -c lxc:///system domstate box") == "shut off")
        try await fleet.drover.must("vm", "start", "box")
        // A tree that is somebody's own stays when its container goes.
        _ = try await fleet.told("hv1", "cp -a /var/lib/drover/containers/* /srv/own")
        try await fleet.drover.must("vm", "create", "theirs", "--root-tree", "/srv/own", "--on", "hv1")
        // A tree that another one stands on stays with it.
        _ = try await fleet.told(
            "hv1",
            """
            virsh -q -c lxc:///system dumpxml --inactive box >/root/box.xml
            sed -e '/<uuid>/d' -e '/<mac /d' -e 's,<name>box<,<name>parasite<,' /root/box.xml >/root/parasite.xml
            virsh -q -c lxc:///system define /root/parasite.xml
            """)
        let used = try await fleet.drover("vm", "delete", "box", "--force", "--yes")
        #expect(used.code != 0 && used.problem.contains("\"parasite\" uses"), used.words)
        _ = try await fleet.told("hv1", "virsh -q -c lxc:///system undefine parasite")
        for name in ["box", "theirs"] { try await fleet.drover.must("vm", "delete", name, "--force", "--yes") }
        #expect(try await fleet.told("hv1", "ls /var/lib/drover/containers") == "")
        #expect(try await fleet.told("hv1", "ls /srv/own").contains("sbin"))
    }
}
