internal import Values

/// The processor that a VM sees.
package enum CPUChoice: Sendable, Hashable {
    /// What every hypervisor of the fleet that answers can give, so that the VM can move to any of them.
    case fleet
    /// The host's own, which only an equal host can take over.
    case host
    /// A model by libvirt's name, such as `Skylake-Client`.
    case model(String)

    package init(_ word: String) {
        switch word {
        case "fleet": self = .fleet
        case "host", "host-passthrough": self = .host
        default: self = .model(word)
        }
    }
}

/// The display of a VM, which listens on its host's loopback only.
package enum Graphics: String, Sendable, Hashable, CaseIterable { case none, vnc, spice }

/// What a VM is to be doing once it is there.
package enum StartState: String, Sendable, Hashable, CaseIterable { case running, paused, stopped }

/// How a VM's first-boot configuration gets into it.
package enum SeedMethod: String, Sendable, Hashable, CaseIterable {
    /// A NoCloud image that cloud-init reads at first boot.
    case cloudInit = "cloud-init"
    /// Written into the disk before it boots, by libguestfs.
    case guestfs
    /// Written into the disk before it boots, through a block or FUSE export.
    case nbd
    case none
}

/// A file that a VM finds at its first boot.
package struct SeedFile: Sendable, Hashable {
    package var path: String
    package var contents: String
    /// Such as `0644`.
    package var mode: String
    /// Such as `root:root`.
    package var owner: String

    package init(path: String, contents: String, mode: String = "0644", owner: String = "root:root") {
        self.path = path
        self.contents = contents
        self.mode = mode
        self.owner = owner
    }
}
