package import Hypervisor
package import Values

/// A VM as it was asked for, by options or by its entry in a file.
package struct MachineSpec: Sendable {
    package var name: String
    /// Nil: it boots from an ISO, the network or an existing volume.
    package var image: String?
    package var cpus = 1
    /// How many processors it can get while it runs; nil is the standard.
    package var maxCPUs: Int?
    package var memory = ByteSize(mebibytes: 1024)
    /// How much memory it can get while it runs; nil is the standard.
    package var maxMemory: ByteSize?
    /// Laid over the disk profile's by name; the first one is the system disk.
    package var disks: [DiskRequest] = []
    /// `virt:disk:NAME` of the host's vars; nil is `default`.
    package var diskProfile: String?
    /// Laid over the NIC profile's by name.
    package var nics: [NICRequest] = []
    /// Whether its NICs were said to be none: the profile's do not count then.
    package var hasNoNICs = false
    /// `virt:nic:NAME` of the host's vars; nil is `default`.
    package var nicProfile: String?
    /// The host that it has to be on; nil to let one be chosen.
    package var host: String?
    /// A target expression for the hosts that it may be on.
    package var place: String?
    /// Groups whose VMs keep apart.
    package var spread: [String] = []
    /// Groups whose VMs stay together.
    package var affinity: [String] = []
    package var autostart = false
    package var isUEFI = false
    package var hasSecureBoot = false
    package var hasTPM = false
    /// libvirt's machine type; nil is `q35`.
    package var machine: String?
    package var cpu = CPUChoice.fleet
    /// `disk`, `network`, `cdrom`; empty is the standard.
    package var boot: [String] = []
    package var graphics = Graphics.none
    /// An ISO in its drive: a path on the host, or a volume of the pool `default`.
    package var iso: String?
    /// Whether its disk is a copy of the image instead of standing on it.
    package var fullCopy = false
    package var startState = StartState.running
    /// Public keys in OpenSSH's notation.
    package var sshKeys: [String] = []
    package var userData: String?
    package var networkConfig: String?
    package var seed = SeedMethod.cloudInit
    package var files: [SeedFile] = []
    package var roles: [String] = []
    package var vars = Mapping()
    /// The VM profile that it was made by (`virt:profile:NAME`).
    package var profile: String?
    /// Of a container, instead of an image: a tarball on the controller, or a directory on the host.
    package var rootTree: String?
    /// What few VMs need said.
    package var details = DomainDetails()
    /// The keys of the entry and of the profiles underneath: what they do not say is left as it is of a VM that is there.
    package var said: Set<String> = []
    /// The path of a file with changes to its definition.
    package var xmlPatch: String?

    package init(name: String, image: String? = nil) {
        self.name = name
        self.image = image
    }

    /// Under which its ``place`` is noted in its metadata, for when it moves.
    static let placeLabel = "place"

    /// - Throws: diagnostics for a name or a size that cannot be.
    package func validate() throws(Diagnostics) {
        var problems: [Diagnostic] = []
        let allowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        let begins = name.first.map { $0.isLetter || $0.isNumber } ?? false
        if !allowed || !begins || name.count > 63 {
            problems.append(
                .error(
                    "\"\(name)\" is no name for a VM",
                    hint: "use up to 63 letters, digits, dots, dashes and underscores, a letter or digit first"))
        }
        if !(1...1024).contains(cpus) { problems.append(.error("a VM has 1 to 1024 processors, not \(cpus)")) }
        if memory.mebibytes < 16 { problems.append(.error("a VM needs at least 16 MiB of memory, not \(memory)")) }
        if let maxCPUs, maxCPUs < cpus {
            problems.append(.error("the most processors (\(maxCPUs)) are fewer than those at first (\(cpus))"))
        }
        if let maxMemory, maxMemory.bytes < memory.bytes {
            problems.append(.error("the most memory (\(maxMemory)) is less than that at first (\(memory))"))
        }
        if let found = Diagnostics(problems) { throw found }
    }
}
