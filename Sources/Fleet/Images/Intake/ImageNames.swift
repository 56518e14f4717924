internal import Values

/// What an image is to be called.
package struct ImageNames: Sendable {
    package var name: String
    /// Further names: `NAME:TAG` for each tag.
    package var tags: [String]
    /// Let names stand for this image that stand for another.
    package var replace: Bool

    /// - Parameter name: nil: made of the file's name, as ``filled(from:)`` does.
    package init(name: String?, tags: [String] = [], replace: Bool = false) {
        self.name = name ?? ""
        self.tags = tags
        self.replace = replace
    }

    var all: [String] { [name] + tags.map { name.prefix { $0 != ":" } + ":" + $0 } }

    /// - Throws: a diagnostic for a name that cannot be, before any work is done for it.
    func check() throws(Diagnostic) {
        for name in all where !ImageReference.isName(name) {
            throw .error(
                "\"\(name)\" is no image name",
                hint: "use letters, digits, dots, dashes and underscores, and one colon before a tag")
        }
    }

    /// With a name made of a file's, where none was given: `debian-12.qcow2.xz` is called `debian-12`.
    func filled(from file: String) -> ImageNames {
        guard name.isEmpty else { return self }
        var base = Substring(file)
        let packed = [".xz", ".zst", ".gz", ".bz2"]
        let plain = [".qcow2", ".img", ".raw", ".vmdk", ".vhdx", ".vhd", ".vdi"]
        for endings in [packed, plain] {
            if let ending = endings.first(where: { base.lowercased().hasSuffix($0) }) { base.removeLast(ending.count) }
        }
        var names = self
        names.name = String(base)
        return names
    }
}
