package import Values

/// What the first bytes of a disk image say. Sources: QEMU's docs/interop/qcow2.rst; the MBR's signature for raw disks.
package struct ImageHeader: Sendable, Hashable {
    package enum Format: String, Sendable { case qcow2, raw }

    package let format: Format
    /// The size that a guest sees, in bytes.
    package let virtualSize: Int

    /// The bytes needed from the front of a file.
    package static let length = 512

    /// - Parameters:
    ///   - bytes: the first ``length`` bytes, fewer if the file is shorter.
    ///   - fileSize: of the whole file.
    ///   - name: for messages.
    /// - Throws: a diagnostic for what is no image, or one that must not be used as a base.
    package init(_ bytes: [UInt8], fileSize: Int, name: String) throws(Diagnostic) {
        if bytes.starts(with: [0x51, 0x46, 0x49, 0xFB]) {
            self = try ImageHeader(qcow2: bytes, name: name)
        } else if bytes.count == Self.length, bytes[510] == 0x55, bytes[511] == 0xAA {
            self = ImageHeader(format: .raw, virtualSize: fileSize)
        } else {
            throw .error(
                "\"\(name)\" is no disk image", detail: "neither a qcow2 header nor a boot record was found in it",
                hint: "give a qcow2 file, or a raw disk with a partition table")
        }
    }

    private init(format: Format, virtualSize: Int) {
        self.format = format
        self.virtualSize = virtualSize
    }

    private init(qcow2 bytes: [UInt8], name: String) throws(Diagnostic) {
        func number(at offset: Int, _ width: Int) -> UInt64 {
            bytes[offset..<offset + width].reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard bytes.count >= 104 else {
            throw .error("\"\(name)\" is cut off: it ends within its qcow2 header")
        }
        let version = number(at: 4, 4)
        guard version == 2 || version == 3 else {
            throw .error("\"\(name)\" is qcow2 of version \(version)", detail: "versions 2 and 3 are known")
        }
        guard number(at: 8, 8) == 0 else {
            throw .error(
                "\"\(name)\" stands on another file", detail: "a base image must be whole",
                hint: "flatten it: qemu-img convert -O qcow2 \"\(name)\" whole.qcow2")
        }
        guard number(at: 32, 4) == 0 else {
            throw .error("\"\(name)\" is encrypted", hint: "decrypt it: qemu-img convert -O qcow2")
        }
        let usesDataFile = version == 3 && number(at: 72, 8) & 4 != 0
        guard !usesDataFile else {
            throw .error("\"\(name)\" keeps its data in another file", hint: "convert it with qemu-img first")
        }
        guard let size = Int(exactly: number(at: 24, 8)), size > 0 else {
            throw .error("\"\(name)\" has an impossible size in its qcow2 header")
        }
        format = .qcow2
        virtualSize = size
    }
}
