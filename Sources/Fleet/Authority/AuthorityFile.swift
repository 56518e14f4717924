internal import Modules
internal import PKI

/// One of the files that a host has from the authority.
struct AuthorityFile: Sendable, Hashable {
    /// Where libvirt and QEMU look unless they are told otherwise; libvirt reloads from nowhere else.
    static let standardBase = "/etc/pki"

    let plane: Plane
    let role: VirtKeyFile.Role

    static let all: [AuthorityFile] = Plane.allCases.flatMap { plane in
        VirtKeyFile.Role.allCases.map { AuthorityFile(plane: plane, role: $0) }
    }

    /// `api.serverkey`, in what the host reports.
    var name: String { "\(plane.rawValue).\(role.rawValue)" }

    /// The path that libvirt or QEMU reads.
    func path(base: String = standardBase) -> String {
        let shipped: VirtKeyFile.Plane = plane == .api ? .api : .data
        return KeyPlace(VirtKeyFile(plane: shipped, role: role, sha256: "", content: nil), base: base).link
    }

    /// Permission bits that it must not have: keys of `api` are root's alone, those of `data` QEMU's group's too.
    var forbiddenMode: Int {
        switch (plane, role) {
        case (.api, .serverkey), (.api, .clientkey): 0o077
        case (.data, .serverkey), (.data, .clientkey): 0o037
        default: 0o022
        }
    }
}
