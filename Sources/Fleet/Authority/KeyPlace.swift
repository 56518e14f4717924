internal import Modules
internal import PKI

/// Where a file of the authority's lies on a host: the default places of libvirt and QEMU, because libvirt reloads
/// from no others and AppArmor lets QEMU read no others.
struct KeyPlace: Sendable, Hashable {
    let plane: Plane
    let role: VirtKeyFile.Role

    static let all: [KeyPlace] = Plane.allCases.flatMap { plane in
        VirtKeyFile.Role.allCases.map { KeyPlace(plane: plane, role: $0) }
    }

    /// `api.serverkey`, in what the host reports.
    var name: String { "\(plane.rawValue).\(role.rawValue)" }

    var path: String {
        switch (plane, role) {
        case (.api, .cacert): "/etc/pki/CA/cacert.pem"
        case (.api, .cacrl): "/etc/pki/CA/cacrl.pem"
        case (.api, .servercert): "/etc/pki/libvirt/servercert.pem"
        case (.api, .serverkey): "/etc/pki/libvirt/private/serverkey.pem"
        case (.api, .clientcert): "/etc/pki/libvirt/clientcert.pem"
        case (.api, .clientkey): "/etc/pki/libvirt/private/clientkey.pem"
        case (.data, .cacert): "/etc/pki/qemu/ca-cert.pem"
        case (.data, .cacrl): "/etc/pki/qemu/ca-crl.pem"
        case (.data, .servercert): "/etc/pki/qemu/server-cert.pem"
        case (.data, .serverkey): "/etc/pki/qemu/server-key.pem"
        case (.data, .clientcert): "/etc/pki/qemu/client-cert.pem"
        case (.data, .clientkey): "/etc/pki/qemu/client-key.pem"
        }
    }

    /// Permission bits that its file must not have: keys of `api` are root's alone, those of `data` QEMU's group's too.
    var forbiddenMode: Int {
        switch (plane, role) {
        case (.api, .serverkey), (.api, .clientkey): 0o077
        case (.data, .serverkey), (.data, .clientkey): 0o037
        default: 0o022
        }
    }
}
