import Testing

@testable import Lab

@Suite struct NamesAndAddresses {
    @Test(arguments: ["lab", "a", "lab-2", "abcdefghijklmnopqrstuvwx"])
    func aNameIsAccepted(_ name: String) throws {
        #expect(try LabDefinition(name: name).name == name)
    }

    @Test(arguments: ["", "-a", "a-", "Lab", "a_b", "a/b", "..", "a b", "ä", "abcdefghijklmnopqrstuvwxy"])
    func aNameIsRefused(_ name: String) {
        #expect(throws: LabError.self) { try LabDefinition(name: name) }
    }

    @Test(arguments: [0, -1, 65]) func aNumberOfHostsIsRefused(_ count: Int) {
        #expect(throws: LabError.self) { try LabDefinition(hosts: count) }
    }

    @Test func hostsDifferInNameAddressAndHardware() throws {
        let hosts = try LabDefinition(hosts: LabDefinition.mostHosts).hosts
        #expect(hosts.first?.address == "10.77.0.11")
        #expect(hosts.last?.address == "10.77.0.74")
        #expect(hosts[15].hardwareAddress == "02:4c:41:42:00:10")
        #expect(Set(hosts.map(\.hardwareAddress)).count == hosts.count)
    }
}

@Suite struct Texts {
    @Test func inventoryNamesHostsKeyAndRoles() throws {
        let text = Lab.inventory(of: try LabDefinition(name: "two", hosts: 2), key: "/keys/two")
        #expect(
            text == """
                # The lab "two". Its hosts are reached from inside its network: drover lab exec --name two -- drover ...
                defaults:
                  user: root
                  identity: /keys/two

                groups:
                  hypervisors:
                    hosts:
                      hv1: {address: 10.77.0.11}
                      hv2: {address: 10.77.0.12}
                    roles: [bridge, hypervisor, libvirt-keys]
                    vars:
                      bridge: br0
                      bridge_port: eth0

                vars:
                  virt:
                    nic:
                      default:
                        - eth0: {bridge: br0, model: virtio}
                    disk:
                      default:
                        - system: {size: 8192, format: qcow2, model: virtio}

                """)
    }

    @Test func dhcpFixesHostsByHardwareAddressAlone() throws {
        let text = DHCPServer.configuration(hosts: try LabDefinition(hosts: 2).hosts, leases: "/run/x/leases")
        let lines = text.split(separator: "\n")
        #expect(lines.contains("interface=br-lab"))
        #expect(lines.contains("dhcp-ignore-clid"))
        #expect(lines.contains("dhcp-range=10.77.0.100,10.77.0.199,255.255.255.0,1h"))
        #expect(lines.contains("dhcp-host=02:4c:41:42:00:01,10.77.0.11,hv1,1h"))
        #expect(lines.contains("host-record=hv2,10.77.0.12"))
        #expect(lines.contains("dhcp-leasefile=/run/x/leases"))
    }

    @Test func leasesAreReadWithAndWithoutNames() {
        let text =
            "1795370408 52:54:00:cb:ff:e9 10.77.0.127 web1 *\n1795370401 02:4c:41:42:00:01 10.77.0.100 * 01:02\nduid 00:01\n"
        let leases = DHCPServer.leases(in: text)
        #expect(leases.map(\.address) == ["10.77.0.127", "10.77.0.100"])
        #expect(leases.map(\.hostName) == ["web1", nil])
        #expect(leases.first?.expires == 1_795_370_408)
    }

    @Test func aRecordSurvivesBeingWritten() throws {
        let base = BaseRoot(root: "/var/cache/drover/base-1", repository: "/var/cache/drover/repo-1")
        let record = LabRecord(definition: try LabDefinition(name: "x", hosts: 3, san: true), base: base)
        #expect(LabRecord(name: "x", text: record.text) == record)
        #expect(LabRecord(name: "x", text: "hosts 3\n") == nil)
        let old = LabRecord(name: "x", text: "hosts 3\nroot /r\nrepository /p\n")
        #expect(old?.definition.hasSAN == false)
    }

    @Test func aSANIsAHostButNoHypervisor() throws {
        let lab = try LabDefinition(name: "x", hosts: 2, san: true)
        #expect(lab.hosts.map(\.name) == ["hv1", "hv2", "san"])
        #expect(lab.hosts.last?.address == "10.77.0.10" && lab.hosts.last?.hardwareAddress == "02:4c:41:42:00:00")
        #expect(!Lab.inventory(of: lab, key: "/k").contains("san"))
    }
}

@Suite struct MachineReading {
    @Test func processesAreReadThoughTheirNamesHoldAnything() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9876 1 2"
        let entry = ProcessTable.parse(stat)
        #expect(entry?.parent == 7)
        #expect(entry?.start == 9876)
        #expect(entry?.isOver == false)
        #expect(ProcessTable.parse("42 (x) Z 7 42 42 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9876 1 2")?.isOver == true)
        #expect(ProcessTable.parse("garbage") == nil)
    }

    @Test func aProcessIsNotTakenForALaterOneOfItsNumber() throws {
        let here = try #require(ProcessIdentity(1))
        #expect(ProcessIdentity(record: here.record) == here)
        #expect(ProcessIdentity(record: "1 \(here.start + 1)\n")?.isAlive == false)
        #expect(ProcessIdentity(record: "1") == nil)
    }

    @Test func devicesAreReadAtAnyWidth() {
        let table = "Inter-|   Receive\n face |bytes\n    lo:       0\nbr-lab: 12 0\n"
        #expect(ProcessTable.devices(in: table) == ["lo", "br-lab"])
    }

    @Test func debiansOwnSourcesAreKeptAndOthersLeftOut() {
        let modern = """
            # comment
            Types: deb
            URIs: http://mirror.example/debian
            Suites: bookworm bookworm-updates
            Components: main contrib
            Signed-By: /usr/share/keyrings/a.gpg

            Types: deb
            URIs: https://vendor.example
            Suites: nodistro
            Components: main

            Types: deb
            Enabled: no
            URIs: http://mirror.example/debian
            Suites: bookworm
            Components: main
            """
        let lists = """
            deb [arch=amd64 signed-by=/k.gpg] http://deb.debian.org/debian-security bookworm-security main # why
            deb-src http://deb.debian.org/debian bookworm main
            deb https://download.docker.com/linux/debian bookworm stable
            """
        let sources = AptSources(codename: "bookworm", lists: [lists], modern: [modern])
        #expect(sources.stanzas.count == 2)
        #expect(sources.stanzas.first?.hasPrefix("Types: deb\nURIs: http://mirror.example/debian\n") == true)
        #expect(
            sources.stanzas.last
                == "Types: deb\nURIs: http://deb.debian.org/debian-security\nSuites: bookworm-security\nComponents: main\nSigned-By: /k.gpg\n"
        )
    }

    @Test func everythingMissingIsNamedAtOnce() throws {
        let programs = [
            Prerequisites.Program(name: "mmdebstrap", package: "mmdebstrap"),
            Prerequisites.Program(name: "ip", package: "iproute2"),
            Prerequisites.Program(name: "tc", package: "iproute2"),
        ]
        let error = try #require(Prerequisites.report(programs: programs, others: ["kernel feature: overlayfs"]))
        #expect(error.code == .missing)
        let detail = try #require(error.detail)
        for word in ["overlayfs", "mmdebstrap", "ip (", "tc ("] { #expect(detail.contains(word)) }
        #expect(error.hint == "apt-get install iproute2 mmdebstrap")
        #expect(Prerequisites.report(programs: [], others: []) == nil)
    }
}

@Suite struct Words {
    @Test func aHostIsStartedInAScopeOnlyWhereSystemdRuns() {
        let plain = Daemon.scoped(["x", "y"], unit: "drover-lab-a-hv1", systemd: false)
        #expect(plain == ["x", "y"])
        let scoped = Daemon.scoped(["x", "y"], unit: "drover-lab-a-hv1", systemd: true)
        #expect(scoped.first == "systemd-run")
        #expect(scoped.contains("--property=Delegate=yes"))
        #expect(scoped.contains("--unit=drover-lab-a-hv1"))
        #expect(scoped.suffix(3) == ["--", "x", "y"])
    }

    @Test(arguments: [(true, ""), (false, "drover-lab/a/hv1")])
    func itsGroupIsTheScopeOrItsOwn(systemd: Bool, group: String) throws {
        let controller = try #require(ProcessIdentity(1))
        let base = BaseRoot(root: "/base", repository: "/repo")
        let power = HostPower(folders: LabFolders(name: "a"))
        let host = LabHost(number: 1)
        let words = power.words(host, base: base, controller: controller, kvm: false, systemd: systemd)
        let start = try #require(words.firstIndex(of: "/run/drover-lab/a/host.sh"))
        #expect(
            Array(words[(start + 1)...]) == [
                "1", "hv1", "02:4c:41:42:00:01", "/base", "/var/lib/drover/lab/a/hosts/hv1", group, "drover-a-hv1",
                "hv1",
                "--bind-ro=/repo:/srv/repo", "--bind=/var/lib/drover/lab/a/shared:/srv/shared",
            ])
        let withKVM = power.words(host, base: base, controller: controller, kvm: true, systemd: systemd)
        #expect(withKVM.last == "--bind=/dev/kvm")
    }

    @Test(arguments: LinkState.allCases) func everyLinkStateFirstTakesAwayTheOthers(_ state: LinkState) {
        let steps = state.steps(controller: 10, host: 20, port: "hv1")
        #expect(steps.first?.input == "table bridge hv1 {}\ndelete table bridge hv1\n")
        #expect(steps.filter { $0.words.contains("del") }.count == 2)
        #expect(steps.contains { $0.words.suffix(2) == ["hv1", state == .cut ? "down" : "up"] })
        #expect(steps.contains { $0.input.contains("drop") } == [.oneWay, .deaf].contains(state))
        #expect(steps.contains { $0.input.contains("oifname") } == (state == .deaf))
        #expect(steps.filter { $0.words.contains("tbf") }.count == (state == .slow ? 2 : 0))
    }

    @Test func aShellsWordsAreOneArgumentOfSh() throws {
        let words = Entry.words(into: try #require(ProcessIdentity(1)), command: "echo 'a  b' ; $HOME")
        #expect(words.last == "echo 'a  b' ; $HOME")
        #expect(words.contains("--pid"))
    }

    @Test func fingerprintsTellPartsApart() {
        #expect(Cache.fingerprint(["a", "bc"]) != Cache.fingerprint(["ab", "c"]))
    }
}
