/// Why a text is not XML that this module reads, or a value cannot be written as XML.
public struct XMLProblem: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    /// Byte offset in the text that was read; nil when writing.
    public let offset: Int?

    public var description: String { offset.map { "\(message) (at byte \($0))" } ?? message }
}
