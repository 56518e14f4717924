package import States

/// A file that the host may have to be sent.
package struct BundleFile: Sendable, Hashable {
    /// Where it belongs on the host.
    package var path: String
    /// Of the content, in hexadecimal.
    package var sha256: String
    package var content: [UInt8]
    /// A private key or the like: never shown, never kept on the controller.
    package var isSecret: Bool
    /// Whether a state before the one that places it may change the destination, so that a comparison made before the
    /// run does not tell whether it will be needed.
    var isExposed = false

    package var size: Int { content.count }
    /// What the frame that carries it calls it.
    package var blob: String { "\(sha256).blob" }

    package init(path: String, content: [UInt8], sha256: String, isSecret: Bool = false) {
        self.path = path
        self.content = content
        self.sha256 = sha256
        self.isSecret = isSecret
    }
}

/// Where files that states name come from, and what tells contents apart. `nil` means that there is no such file.
package struct FileSources: Sendable {
    /// A source's bytes: `salt://web/files/x`, `drover://web/files/x`, or a path relative to the roles.
    package var bytes: @Sendable (_ source: String, _ chunk: LowChunk) throws -> [UInt8]?
    /// A source rendered as a template with the chunk's `context` and `defaults`.
    package var rendered: @Sendable (_ source: String, _ chunk: LowChunk) throws -> [UInt8]?
    /// A text given in the state itself, rendered as a template.
    package var renderedText: @Sendable (_ text: String, _ chunk: LowChunk) throws -> [UInt8]
    /// The SHA-256 of bytes in lower-case hexadecimal, as `sha256sum` prints it on the host.
    package var sha256: @Sendable (_ bytes: [UInt8]) -> String

    package init(
        bytes: @escaping @Sendable (String, LowChunk) throws -> [UInt8]?,
        rendered: @escaping @Sendable (String, LowChunk) throws -> [UInt8]?,
        renderedText: @escaping @Sendable (String, LowChunk) throws -> [UInt8],
        sha256: @escaping @Sendable ([UInt8]) -> String
    ) {
        self.bytes = bytes
        self.rendered = rendered
        self.renderedText = renderedText
        self.sha256 = sha256
    }
}
