extension Lab {
    /// The lab's hosts as an inventory in YAML, to be given to `-i`: who they are, how to get in, and the stock roles.
    package func inventory() throws(LabError) -> String {
        Self.inventory(of: try existing().definition, key: folders.key)
    }

    static func inventory(of lab: LabDefinition, key: String) -> String {
        let hosts = lab.hypervisors.map { "      \($0.name): {address: \($0.address)}\n" }.joined()
        let initiator =
            lab.hasSAN
            ? """
              hypervisor:
                more_packages: [qemu-block-extra, libvirt-daemon-driver-storage-iscsi-direct]

            """ : ""
        return """
            # The lab "\(lab.name)". Its hosts are reached from inside its network: drover lab exec --name \(lab.name) -- drover ...
            defaults:
              user: root
              identity: \(key)

            groups:
              hypervisors:
                hosts:
            \(hosts)    roles: [bridge, hypervisor, libvirt-keys]
                vars:
                  bridge: br0
                  bridge_port: eth0

            vars:
            \(initiator)  virt:
                nic:
                  default:
                    - eth0: {bridge: br0, model: virtio}
                disk:
                  default:
                    - system: {size: 8192, format: qcow2, model: virtio}

            """
    }
}
