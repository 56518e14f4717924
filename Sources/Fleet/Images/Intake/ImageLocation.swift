/// A URL that an image or a list of checksums comes from. Whoever shows it shows ``shown``: a password or a token may be
/// in the rest.
package struct ImageLocation: Sendable, Hashable {
    package let text: String
    package let scheme: String

    /// Nil for what has no scheme that can be fetched.
    package init?(_ text: String) {
        guard let end = text.firstRange(of: "://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        scheme = text[..<end.lowerBound].lowercased()
        guard ["https", "http", "file"].contains(scheme), end.upperBound < text.endIndex else { return nil }
        self.text = text
    }

    /// Without user, password and query.
    package var shown: String {
        let rest = text.dropFirst(scheme.count + 3).prefix { $0 != "?" && $0 != "#" }
        let host = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(host.count)
        return scheme + "://" + (host.split(separator: "@", omittingEmptySubsequences: false).last ?? "") + path
    }

    /// What the file is called there.
    package var fileName: String { shown.split(separator: "/").last.map(String.init) ?? "" }

    /// The path of a file of this machine; nil for another scheme.
    package var localPath: String? { scheme == "file" ? String(shown.dropFirst(7)) : nil }
}
