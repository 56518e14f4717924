internal import States
internal import Values

/// The states of VMs, which the controller carries out over libvirt. What they do is in Fleet; here are their arguments.
let virtualMachineStates: [StateFunction] = [
    controllers(
        "running", "The VM exists as described, on this host, and runs; without a description it is only started.",
        definition),
    controllers(
        "defined", "The VM exists as described, on this host, whether it runs or not.",
        definition + [
            Parameter("live", .truth, "change a running VM too, where that is possible, else at its next start; true")
        ]),
    controllers(
        "stopped", "The guests have shut down. The name may hold wildcards.",
        [patience]),
    controllers("powered_off", "The VMs are off, by pulling the plug. The name may hold wildcards.", []),
    controllers("unpowered", "Old name of virt.powered_off.", []),
    controllers(
        "rebooted", "The guests have been told to reboot, at each run: give it \"onchanges\".",
        [patience]),
    controllers("snapshot", "There is a snapshot of each VM. The name may hold wildcards.", snapshotArguments),
    controllers("saved", "Old name of virt.snapshot.", snapshotArguments),
    controllers(
        "reverted", "The VMs are as they were at a snapshot. One that has run since is reverted again.",
        [
            Parameter("snapshot", .text, "its name; the latest"),
            Parameter("cleanup", .truth, "delete the snapshots that are newer; false"),
        ]),
]

private let patience = Parameter("patience", .number, "seconds that a guest is given; 120")

private let snapshotArguments = [
    Parameter("suffix", .text, "the end of its name, by which it is found again"),
    Parameter("repeat", .truth, "take another one at each run; false"),
]

/// Which connection is meant; the host's own unless it is said.
let connectionArguments = [
    Parameter("connection", .text, "has to be the host's own \"uri\", which is qemu:///system unless it is said"),
    Parameter("username", .ignored, "the controller's certificate is what logs in"),
    Parameter("password", .ignored, "the controller's certificate is what logs in"),
]

/// Salt's arguments of a VM, and those of Drover's own that inventory/vms.yaml has too.
private let definition: [Parameter] = [
    Parameter("cpu", .any, "processors"),
    Parameter("mem", .any, "memory: MiB, or with K, M, G, T"),
    Parameter("image", .text, "an image of `drover image list`; or its file, salt://, or URL, and it becomes one"),
    Parameter("profile", .text, "VM profile: virt:profile:NAME of the vars"),
    Parameter("disk_profile", .text, "virt:disk:NAME of the vars; default"),
    Parameter(
        "disks", .list,
        "disks: name, size, format, pool, image, overlay_image, model, source_file, device, backing_store_path, "
            + "backing_store_format, iothread_id, ...; hostname_property is taken, and no ZFS property is set"),
    Parameter("nic_profile", .text, "virt:nic:NAME of the vars; default"),
    Parameter("interfaces", .list, "NICs: name, type, source, model, mac, ..."),
    Parameter("graphics", .mapping, "of a new VM: type: vnc, spice or none; port; it listens on the loopback only"),
    Parameter("seed", .any, "first boot: true, false, cloud-init, guestfs, nbd; true"),
    Parameter("boot", .any, "of a new VM: efi: true; kernel, initrd: paths on the host, and cmdline, for direct boot"),
    Parameter("boot_dev", .texts, "of a new VM: boot order: hd, network, cdrom"),
    Parameter("autostart", .truth, "start with the host; false"),
    Parameter(
        "host_devices", .any,
        "of a new VM: pci_0000_3b_02_1, usb: 046d:c534, usb: {bus: 1, device: 4}, mdev: UUID; the host's own"),
    Parameter("numatune", .mapping, "of a new VM: memory: {mode, nodeset}, memnodes: {CELL: {mode, nodeset}}"),
    Parameter("hypervisor_features", .mapping, "of a new VM: kvm-hint-dedicated"),
    Parameter("clock", .mapping, "of a new VM: utc: true; adjustment, timezone, timers"),
    Parameter("serials", .list, "of a new VM: type, path, host, port, protocol, tls, target_type, target_port; one"),
    Parameter("consoles", .list, "of a new VM, as serials; one"),
    Parameter("stop_on_reboot", .truth, "a reboot of a new VM's guest ends it; false"),
    Parameter("vm_type", .text, "kvm, qemu or lxc; refused where it is not what the host has"),
    Parameter("os_type", .text, "hvm; exe for containers; refused where it is not what the host has"),
    Parameter("arch", .text, "the host's; any other is refused"),
    Parameter("update", .truth, "change a VM that is there and differs; true"),
    Parameter("install", .ignored, "nothing is installed inside"),
    Parameter("pub_key", .ignored, "nothing is installed inside"),
    Parameter("priv_key", .ignored, "nothing is installed inside"),
    Parameter("machine", .text, "machine type; q35"),
    Parameter("cpu_model", .text, "fleet, host, or libvirt's name of a model; fleet"),
    Parameter("tpm", .truth, "an emulated TPM; false"),
    Parameter("secure_boot", .truth, "false"),
    Parameter("iso", .text, "an ISO file to boot from"),
    Parameter("root_tree", .text, "directory or tarball of a container's root, on the controller"),
    Parameter("ssh_keys", .texts, "public keys for first boot"),
    Parameter("user_data", .text, "cloud-init user data for first boot"),
    Parameter("network_config", .text, "cloud-init network configuration for first boot"),
    Parameter("roles", .texts, "roles that apply inside the guest"),
    Parameter("vars", .mapping, "vars of the guest as a host"),
    Parameter("xml_patch", .text, "file with changes to libvirt's definition, in the fleet's directory"),
]

/// A state of `virt` that the controller carries out in its place in the order.
func controllers(_ function: String, _ summary: String, _ parameters: [Parameter]) -> StateFunction {
    let all = parameters + connectionArguments
    return StateFunction("virt", function, summary, [.controller], all) { planner in
        for parameter in all { check(parameter, &planner) }
        planner.run.append("ask_controller \(planner.index)")
    }
}

/// Says that an argument is of the wrong kind before anything is run.
private func check(_ parameter: Parameter, _ planner: inout StatePlanner) {
    let key = parameter.name
    switch parameter.kind {
    case .truth: _ = planner.truth(key)
    case .number: _ = planner.number(key)
    case .text: _ = planner.text(key)
    case .texts: _ = planner.texts(key)
    case .mode: _ = planner.mode(key)
    case .size:
        guard let value = planner.argument(key) else { return }
        do throws(Diagnostic) {
            _ = try ByteSize(value)
        } catch {
            planner.problems.append(error)
        }
    case .mapping:
        if let value = planner.argument(key), planner.mapping(value) == nil {
            planner.wrong(key, value, expected: "a mapping")
        }
    case .list:
        if let value = planner.argument(key), value.list == nil { planner.wrong(key, value, expected: "a list") }
    case .any, .ignored, .packages: break
    }
}

extension StatePlanner {
    /// A mapping, or Salt's list of mappings with one key each.
    fileprivate func mapping(_ value: Value) -> Mapping? {
        if let map = value.map { return map }
        guard let list = value.list else { return nil }
        var whole = Mapping()
        for item in list {
            guard let map = item.map else { return nil }
            for (key, value) in map { whole[key] = value }
        }
        return whole
    }
}

/// The states that the controller carries out.
extension StateFunction {
    package var isControllers: Bool { libraries.contains(.controller) }
}
