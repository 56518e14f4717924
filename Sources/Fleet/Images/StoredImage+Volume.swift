extension StoredImage {
    /// Whether a path is that of an image on a host: it is read by many, and nobody writes to it.
    static func isVolume(_ path: String) -> Bool { DiskPath.lastComponent(path).hasPrefix(ImageCopies.prefix) }
}
