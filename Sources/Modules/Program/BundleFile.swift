package import States

/// A file that the host may have to be sent.
package struct BundleFile: Sendable, Hashable {
    /// Where it belongs on the host.
    package var path: String
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

    package init(path: String, content: [UInt8], isSecret: Bool = false) {
        self.path = path
        self.content = content
        self.isSecret = isSecret
        sha256 = SHA256.hex(content)
    }
}

/// Where files that states name come from. `nil` means that there is no such file.
package struct FileSources: Sendable {
    /// A source's bytes: `salt://web/files/x`, `drover://web/files/x`, or a path relative to the roles.
    package var bytes: @Sendable (_ source: String, _ chunk: LowChunk) throws -> [UInt8]?
    /// A source rendered as a template with the chunk's `context` and `defaults`.
    package var rendered: @Sendable (_ source: String, _ chunk: LowChunk) throws -> [UInt8]?
    /// A text given in the state itself, rendered as a template.
    package var renderedText: @Sendable (_ text: String, _ chunk: LowChunk) throws -> [UInt8]

    package init(
        bytes: @escaping @Sendable (String, LowChunk) throws -> [UInt8]?,
        rendered: @escaping @Sendable (String, LowChunk) throws -> [UInt8]?,
        renderedText: @escaping @Sendable (String, LowChunk) throws -> [UInt8]
    ) {
        self.bytes = bytes
        self.rendered = rendered
        self.renderedText = renderedText
    }
}
