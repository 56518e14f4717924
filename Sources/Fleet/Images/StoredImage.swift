/// An image that the controller holds: content-addressed, with a name for people.
package struct StoredImage: Sendable, Hashable {
    /// One of its names; with its tag behind a colon, where it has one.
    package let name: String
    /// SHA-256 of the file, in hex.
    package let digest: String
    package let header: ImageHeader
    /// Bytes of the file.
    package let fileSize: Int
    /// Where the file is on the controller.
    package let path: String

    /// The name of its volume on every host.
    package var volumeName: String { "drover-image-\(digest.prefix(16)).\(header.format.rawValue)" }
}
