/// What states take from the controller that is in no role: the files of `virt.keys`, from the authority.
package struct Materials: Sendable {
    package var virtKeys: VirtKeys?

    package init(virtKeys: VirtKeys? = nil) { self.virtKeys = virtKeys }
}

/// The certificates and keys of one host, of both planes.
package struct VirtKeys: Sendable {
    /// The name of the version directory: the same as long as the files are, of letters, digits, dots and dashes.
    package var version: String
    package var files: [VirtKeyFile]

    package init(version: String, files: [VirtKeyFile]) {
        self.version = version
        self.files = files
    }
}

/// One file of the authority's for a host.
package struct VirtKeyFile: Sendable {
    package enum Plane: String, Sendable, Hashable { case api, data }
    /// What the file is; decides where it goes, who owns it and its mode.
    package enum Role: String, Sendable, Hashable, CaseIterable {
        case cacert, cacrl, servercert, serverkey, clientcert, clientkey
    }

    package var plane: Plane
    package var role: Role
    /// Of the content, in hexadecimal.
    package var sha256: String
    /// Nil when the controller does not have it any more: a key that was shipped. It must then be in place.
    package var content: [UInt8]?

    package init(plane: Plane, role: Role, sha256: String, content: [UInt8]?) {
        self.plane = plane
        self.role = role
        self.sha256 = sha256
        self.content = content
    }
}
