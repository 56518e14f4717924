internal import Values

/// What kind of file an image comes in, by its first bytes.
enum ImageContainer: Sendable, Hashable {
    /// Kept as it is.
    case qcow2, raw
    /// Made into qcow2 by qemu-img, whose word for the format is given.
    case foreign(String)
    /// Unpacked first, by the tool that is given.
    case packed(String)
    case unknown

    /// Bytes needed from the front of a file.
    static let length = 512

    init(_ front: [UInt8]) {
        func has(_ text: String, at offset: Int = 0) -> Bool { front.dropFirst(offset).starts(with: text.utf8) }
        if front.starts(with: [0x51, 0x46, 0x49, 0xFB]) {
            self = .qcow2
        } else if front.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) {
            self = .packed("xz")
        } else if front.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            self = .packed("zstd")
        } else if front.starts(with: [0x1F, 0x8B]) {
            self = .packed("gzip")
        } else if has("BZh") {
            self = .packed("bzip2")
        } else if has("KDMV") || has("COWD") || has("# Disk DescriptorFile") {
            self = .foreign("vmdk")
        } else if has("vhdxfile") {
            self = .foreign("vhdx")
        } else if has("conectix") {
            self = .foreign("vpc")
        } else if front.dropFirst(64).starts(with: [0x7F, 0x10, 0xDA, 0xBE]) {
            self = .foreign("vdi")
        } else if front.count >= 512, front[510] == 0x55, front[511] == 0xAA {
            self = .raw
        } else {
            self = .unknown
        }
    }
}
