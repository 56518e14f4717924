internal import Hypervisor
internal import Values

/// What else a VM's definition says, as far as an entry can say it too.
package struct PresentHardware: Sendable, Hashable {
    /// `none`, `vnc`, `spice`.
    package var graphics = "none"
    /// `disk`, `cdrom`, `network`.
    package var boot: [String] = []
    /// What is in its drive.
    package var iso: String?
    /// libvirt's machine type with its version, such as `pc-q35-7.2`.
    package var machine = ""
    /// A processor's model, or libvirt's word for how it is chosen.
    package var cpu: String?
    package var isEmulated = false
    package var architecture = ""
    /// Devices of its host that it holds: with them it cannot move while it runs.
    package var heldDevices: [String] = []
    package var isUEFI = false
    package var hasSecureBoot = false
    package var hasTPM = false
    package var maxCPUs = 0
    package var maxMemoryMiB = 0
    /// The image that it was made from; nil when that was not noted.
    package var image: String?

    package init() {}
}

extension PresentHardware {
    init(_ defined: DomainDescription, image: String?) {
        let devices = defined.document.first("devices")
        graphics = devices?.first("graphics")?[attribute: "type"] ?? "none"
        boot = DomainDefinition(defined.document).bootOrder
        let drive = defined.disks.first { $0.device == .cdrom && $0.volumeName != "\(defined.name)_seed.iso" }
        iso = drive?.source.map { $0.path ?? $0.text }
        machine = defined.machine
        cpu = defined.cpu?.first("model")?.text ?? defined.cpu?[attribute: "mode"]
        isEmulated = defined.type != "kvm"
        architecture = defined.architecture
        heldDevices = defined.hostDevices + defined.sharedDirectories.map { "shared directory \($0)" }
        let system = defined.document.first("os")
        isUEFI = system?[attribute: "firmware"] == "efi" || system?.first("nvram") != nil
        hasSecureBoot = system?.first("loader")?[attribute: "secure"] == "yes"
        hasTPM = devices?.first("tpm") != nil
        maxCPUs = defined.maximumCPUs
        maxMemoryMiB = defined.memoryMiB
        self.image = image
    }
}
