internal import Inventory
internal import Values

/// Hypervisors that this fleet directory has never made a certificate for. That alone does not say that they have no VMs:
/// another directory may have set them up, or somebody by hand, or the ledger was lost. So each is asked over SSH.
struct BareHosts: Sendable {
    let context: FleetContext

    /// What each that answers has, by the host's name; nothing for a host that does not answer.
    func holdings(of hosts: [Host]) async -> [String: Set<String>] {
        let limit = context.timeout * 2
        let answers = await fanOut(hosts, limit: context.parallel) { host in
            (host.name, await within(limit) { await machines(of: host) } ?? nil)
        }
        let told = answers.compactMap { name, machines in machines.map { (name, $0) } }
        return Dictionary(told) { first, _ in first }
    }

    private func machines(of host: Host) async -> Set<String>? {
        guard let connection = try? await context.connector.connect(to: host) else { return nil }
        let text = try? await Self.script.run(on: connection, host: host.name, doing: "list its VMs")
        await connection.close()
        return text.flatMap(Self.names)
    }

    /// Without a daemon of libvirt's there are no VMs of libvirt's; where one does not answer nothing is known.
    static let script = HostScript(
        """
        PATH=$PATH:/usr/local/sbin:/usr/sbin
        command -v libvirtd || command -v virtqemud || command -v virtlxcd || { echo 'no libvirt'; exit 0; }
        seen=
        for driver in qemu lxc; do
            found=
            for folder in /usr/lib /usr/lib64 /usr/lib/* /usr/local/lib /usr/local/lib64; do
                [ -e "$folder/libvirt/connection-driver/libvirt_driver_$driver.so" ] && found=yes
            done
            [ -n "$found" ] || continue
            seen=yes
            names=$(virsh -q -c "$driver:///system" list --all --name) || exit 1
            printf '%s\\n' "$names" | sed -n 's/^..*$/has &/p'
        done
        [ -n "$seen" ] || exit 1
        echo asked
        """)

    /// - Returns: nil for an answer that was cut off.
    static func names(_ text: String) -> Set<String>? {
        let lines = text.split(separator: "\n")
        guard lines.last == "asked" || lines.last == "no libvirt" else { return nil }
        return Set(lines.compactMap { $0.hasPrefix("has ") ? String($0.dropFirst(4)) : nil })
    }
}
