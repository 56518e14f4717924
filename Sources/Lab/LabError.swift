package import Values

/// Why something about a lab could not be done.
package struct LabError: Error, Sendable, Hashable {
    package enum Code: String, Sendable, Hashable {
        /// The machine lacks a program, a right or a kernel feature.
        case missing
        /// A name or number that no lab can have.
        case invalid
        /// No lab, or no host, of that name.
        case unknown
        /// A host or the whole lab is not up.
        case down
        /// A program failed; `detail` has the end of what it said.
        case tool
        /// Something did not happen in time.
        case timeout
        /// The operating system refused a file or a process.
        case system
        case cancelled
    }

    package var code: Code
    package var message: String
    package var detail: String?
    package var hint: String?

    package init(_ code: Code, _ message: String, detail: String? = nil, hint: String? = nil) {
        self.code = code
        self.message = message
        self.detail = detail
        self.hint = hint
    }

    /// The same for display.
    package var diagnostic: Diagnostic { .error(message, detail: detail, hint: hint) }
}
