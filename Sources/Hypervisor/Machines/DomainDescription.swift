/// What libvirt says of a domain, as far as operations on it need to know.
public struct DomainDescription: Sendable, Hashable {
    /// The whole document, for what is not taken apart here, and for editing.
    public var document: XMLElement

    public init(_ document: XMLElement) { self.document = document }

    public var name: String { document.first("name")?.text ?? "" }
    public var uuid: String { document.first("uuid")?.text ?? "" }
    /// `kvm`, or `qemu` for emulation.
    public var type: String { document[attribute: "type"] ?? "" }
    public var machine: String { document.first("os", "type")?[attribute: "machine"] ?? "" }
    public var architecture: String { document.first("os", "type")?[attribute: "arch"] ?? "" }
    public var emulator: String? { document.first("devices", "emulator")?.text }
    /// Processors in use.
    public var cpus: Int {
        document.first("vcpu")?[attribute: "current"].flatMap { Int($0) } ?? maximumCPUs
    }
    /// How many processors it can have without a new start.
    public var maximumCPUs: Int { document.first("vcpu").flatMap { Int($0.text) } ?? 0 }
    /// How many processors were plugged in since its start.
    public var pluggedCPUs: Int {
        (document.first("vcpus")?.all("vcpu") ?? [])
            .filter { $0[attribute: "enabled"] == "yes" && $0[attribute: "hotpluggable"] == "yes" }.count
    }
    /// The most memory that it can have without a new start.
    public var memoryMiB: Int { (document.first("memory").flatMap(Self.bytes) ?? 0) >> 20 }
    /// The memory that its balloon leaves it.
    public var currentMemoryMiB: Int {
        document.first("currentMemory").flatMap(Self.bytes).map { $0 >> 20 } ?? memoryMiB
    }
    /// The file of the UEFI variables, if any: it stays on the host when the domain moves offline or is undefined.
    ///
    /// Where libvirt chooses the firmware, a domain that is off does not name it: then it is where libvirt will make it
    /// or has made it (qemuDomainNVRAMPathFormat of libvirt 9.0), and may not be there yet.
    public var nvram: String? {
        if let path = document.first("os", "nvram")?.text { return path }
        return document.first("os")?[attribute: "firmware"] == "efi"
            ? "/var/lib/libvirt/qemu/nvram/\(name)_VARS.fd" : nil
    }
    /// The file of the firmware, where one is named.
    public var firmware: String? { document.first("os", "loader")?.text }
    /// Whether libvirt chooses UEFI firmware at the domain's start.
    public var choosesFirmware: Bool { firmware == nil && document.first("os")?[attribute: "firmware"] == "efi" }
    public var metadata: DomainMetadata? {
        document.first("metadata")?.children
            .first { $0.attributes.contains { $0.value == DomainMetadata.namespace } }
            .map(DomainMetadata.init)
    }
    public var disks: [DiskDescription] { devices("disk").map(DiskDescription.init) }
    public var interfaces: [InterfaceDescription] { devices("interface").map(InterfaceDescription.init) }
    /// The `<cpu>` element: what the guest sees, once it runs.
    public var cpu: XMLElement? { document.first("cpu") }

    /// Devices of the host itself that the guest holds, by what they are: none of these can move while it runs.
    public var hostDevices: [String] {
        let passedThrough = devices("hostdev").map { "host device (\($0[attribute: "type"] ?? "unknown"))" }
        let directInterfaces = devices("interface").filter { $0[attribute: "type"] == "hostdev" }
            .map { _ in "network device of the host" }
        let tpm = devices("tpm").filter { $0.first("backend")?[attribute: "type"] == "passthrough" }
            .map { _ in "TPM of the host" }
        return passedThrough + directInterfaces + tpm
    }

    /// Whether an emulated TPM keeps its state in a directory of the host.
    public var hasEmulatedTPM: Bool {
        devices("tpm").contains { $0.first("backend")?[attribute: "type"] == "emulator" }
    }

    /// Directories of the host that the guest has mounted.
    public var sharedDirectories: [String] {
        devices("filesystem").compactMap { $0.first("source")?[attribute: "dir"] }
    }

    /// The port and address of the VNC display, once the domain runs.
    public var vnc: (address: String, port: Int)? {
        let graphics = devices("graphics").first { $0[attribute: "type"] == "vnc" }
        guard let graphics, let port = graphics[attribute: "port"].flatMap({ Int($0) }), port > 0 else { return nil }
        return (graphics[attribute: "listen"] ?? "127.0.0.1", port)
    }

    /// The pseudo-terminal of the first serial console, once the domain runs.
    public var consolePath: String? {
        let console = devices("console").first ?? devices("serial").first
        return console?[attribute: "tty"] ?? console?.first("source")?[attribute: "path"]
    }

    private func devices(_ name: String) -> [XMLElement] { document.first("devices")?.all(name) ?? [] }

    /// libvirt's scaled integer: a number with a `unit`, which is KiB when none is named, as memory has it.
    static func bytes(_ element: XMLElement) -> Int? {
        bytes(size: element.text, unit: element[attribute: "unit"])
    }

    /// The same where number and unit stand apart.
    public static func bytes(size: String?, unit: String?) -> Int? {
        let scale: [String: Int] = [
            "b": 1, "bytes": 1, "KB": 1000, "k": 1024, "KiB": 1024, "MB": 1_000_000, "M": 1 << 20, "MiB": 1 << 20,
            "GB": 1_000_000_000, "G": 1 << 30, "GiB": 1 << 30, "TB": 1_000_000_000_000, "T": 1 << 40, "TiB": 1 << 40,
        ]
        guard let number = size.flatMap({ Int($0) }), let factor = scale[unit ?? "KiB"] else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }
}

/// One disk of a domain.
public struct DiskDescription: Sendable, Hashable {
    public enum Device: String, Sendable, Hashable {
        case disk, cdrom, floppy, lun
    }

    public var device: Device
    /// The guest's name of it, such as `vda`: how calls name the disk.
    public var target: String
    public var bus: String?
    /// Nil for an empty drive.
    public var source: DiskSource?
    /// `qcow2`, `raw`.
    public var format: String?
    public var cache: String?
    /// What the guest is told of it, to tell it from others.
    public var serial: String?
    public var isReadOnly: Bool
    public var isShareable: Bool
    public var isTransient: Bool
    /// The layers below the top one, from the top down, as far as libvirt names them (a running domain's all).
    public var backing: [DiskSource]
    /// Whether a block job is at work on it.
    public var hasMirror: Bool

    init(_ element: XMLElement) {
        device = Device(rawValue: element[attribute: "device"] ?? "disk") ?? .disk
        target = element.first("target")?[attribute: "dev"] ?? ""
        bus = element.first("target")?[attribute: "bus"]
        source = DiskSource(of: element)
        format = element.first("driver")?[attribute: "type"]
        cache = element.first("driver")?[attribute: "cache"]
        serial = element.first("serial")?.text
        isReadOnly = element.first("readonly") != nil
        isShareable = element.first("shareable") != nil
        isTransient = element.first("transient") != nil
        hasMirror = element.first("mirror") != nil
        backing = []
        var layer = element.first("backingStore")
        while let below = layer, let source = DiskSource(of: below) {
            backing.append(source)
            layer = below.first("backingStore")
        }
    }
}

/// One network interface of a domain.
public struct InterfaceDescription: Sendable, Hashable {
    /// `bridge`, `network`, `direct`, `user`, ...
    public var type: String
    public var mac: String
    /// The bridge, network or device it is on.
    public var source: String?
    public var model: String?
    /// The VLANs it is on; several for a trunk.
    public var vlans: [Int]
    public var mtu: Int?
    /// How it is on its bridge where that is no common one: `openvswitch`.
    public var virtualPort: String?
    /// The host's name of it, once the domain runs.
    public var device: String?

    init(_ element: XMLElement) {
        type = element[attribute: "type"] ?? ""
        mac = element.first("mac")?[attribute: "address"] ?? ""
        let origin = element.first("source")
        source = origin?[attribute: "bridge"] ?? origin?[attribute: "network"] ?? origin?[attribute: "dev"]
        model = element.first("model")?[attribute: "type"]
        vlans = (element.first("vlan")?.all("tag") ?? []).compactMap { $0[attribute: "id"].flatMap { Int($0) } }
        mtu = element.first("mtu")?[attribute: "size"].flatMap { Int($0) }
        virtualPort = element.first("virtualport")?[attribute: "type"]
        device = element.first("target")?[attribute: "dev"]
    }
}
