/// The states of pools, volumes and networks, which the controller carries out over libvirt.
let virtualStoreStates: [StateFunction] = [
    controllers("pool_defined", "The storage pool exists as described, whether it is started or not.", poolArguments),
    controllers("pool_running", "The storage pool exists as described and is started.", poolArguments),
    controllers(
        "pool_deleted", "There is no such storage pool.",
        [Parameter("purge", .truth, "delete its volumes as well; false")]),
    controllers("network_defined", "The network exists as described, whether it runs or not.", networkArguments),
    controllers("network_running", "The network exists as described and runs.", networkArguments),
    controllers(
        "volume_defined", "There is a volume of this name; one of another size is left as it is.",
        [
            Parameter("pool", .text, "the pool that it is in"),
            Parameter("size", .size, "its capacity: MiB, or with K, M, G, T"),
            Parameter("allocation", .size, "how much is allocated at once: MiB, or with K, M, G, T; 0"),
            Parameter("format", .text, "qcow2, raw, ...; the pool's own"),
            Parameter("type", .text, "file, block, dir, network; the pool's own"),
            Parameter("permissions", .mapping, "mode, owner, group, label"),
            Parameter("backing_store", .mapping, "path and format of the volume that this one is laid over"),
            Parameter("resize", .truth, "grow one that is too small; false"),
            Parameter("nocow", .truth, "no copy on write by the host's file system; false"),
        ]),
]

private let poolArguments = [
    Parameter("ptype", .text, "dir, fs, netfs, logical, disk, iscsi, scsi, rbd, ...; that of the pool that is there"),
    Parameter("target", .text, "path of the directory or device"),
    Parameter("permissions", .mapping, "of the target: mode, owner, group, label"),
    Parameter("source", .mapping, "devices, dir, initiator, adapter, hosts, auth, name, format"),
    Parameter("transient", .truth, "gone once it is stopped; false"),
    Parameter("autostart", .truth, "start with the host; true"),
]

private let networkArguments = [
    Parameter("bridge", .text, "name of the bridge: the host's own for forward: bridge, libvirt's otherwise"),
    Parameter("forward", .text, "bridge, nat, route, open, private, vepa, passthrough, hostdev, isolated"),
    Parameter("vport", .any, "virtual port: its type, or a mapping of type and parameters"),
    Parameter("tag", .any, "VLAN tag, or a mapping with tags and trunk"),
    Parameter("ipv4_config", .mapping, "cidr, dhcp_ranges, hosts, bootp, tftp"),
    Parameter("ipv6_config", .mapping, "cidr, dhcp_ranges, hosts"),
    Parameter("autostart", .truth, "start with the host; true"),
    Parameter("mtu", .number, "of the bridge; the default"),
    Parameter("domain", .any, "DNS domain: its name, or a mapping of name and localOnly"),
    Parameter("nat", .mapping, "address and port range that addresses are translated to"),
    Parameter("interfaces", .any, "devices of the host that are forwarded to"),
    Parameter("addresses", .any, "PCI addresses, for forward: hostdev"),
    Parameter("physical_function", .text, "device whose virtual functions are used, for forward: hostdev"),
    Parameter("portgroups", .list, "name, default, vport, tag"),
    Parameter("dns", .mapping, "forwarders, txt, hosts, srvs"),
]
