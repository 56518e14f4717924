package import Values

/// How an image is named wherever one is asked for: `debian-12`, `debian-12:2026-11`, `debian-12@sha256:9f86d08…`,
/// `sha256:9f86d08…`, or the first characters (at least 8) of its digest.
package struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// Name, with its tag behind a colon; nil when only a digest was given.
    package let name: String?
    /// The beginning of the SHA-256, or all of it, in lower case.
    package let digest: String?

    /// - Throws: a diagnostic for what can be no reference.
    package init(_ text: String) throws(Diagnostic) {
        if let mark = text.firstRange(of: "sha256:") {
            let front = text[..<mark.lowerBound]
            let digest = text[mark.upperBound...].lowercased()
            guard front.isEmpty || front.hasSuffix("@") && Self.isName(String(front.dropLast())),
                Self.isDigest(digest)
            else { throw Self.refused(text) }
            self.name = front.isEmpty ? nil : String(front.dropLast())
            self.digest = digest
        } else if Self.isName(text) {
            name = text
            digest = nil
        } else {
            throw Self.refused(text)
        }
    }

    /// Whether people may call an image so: letters, digits, dots, dashes, underscores, and at most one tag.
    package static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy { isWord($0) } && parts.first != "sha256" && parts.first != "vm"
    }

    /// 8 to 64 hexadecimal digits.
    package static func isDigest(_ text: String) -> Bool {
        (8...64).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// Whether this can stand for an image of these names and this digest.
    func matches(digest other: String) -> Bool { digest.map { other.hasPrefix($0) } ?? false }

    package var description: String {
        [name, digest.map { "sha256:\($0)" }].compactMap { $0 }.joined(separator: "@")
    }

    private static func isWord(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 128 && !text.hasPrefix(".") && !text.hasPrefix("-")
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
    }

    private static func refused(_ text: String) -> Diagnostic {
        .error(
            "\"\(text)\" is no image name",
            detail: "expected NAME, NAME:TAG, NAME@sha256:DIGEST or sha256:DIGEST",
            hint: "use letters, digits, dots, dashes and underscores; a digest has 8 to 64 hexadecimal digits")
    }
}
