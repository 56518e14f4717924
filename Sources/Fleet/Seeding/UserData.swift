internal import FoundationEssentials
internal import Values

/// What the user has for cloud-init, together with what Drover itself asks of it.
///
/// The user's text stays as it is, a part of a MIME archive; cloud-init merges the parts by its own rules. Drover's
/// comes last and adds: lists are appended to, what the user said stands.
struct UserData {
    private let given: String?

    /// - Parameter given: a cloud-config, a script, a MIME archive, or whatever else cloud-init takes; nil for none.
    init(_ given: String?) { self.given = given.flatMap { $0.isEmpty ? nil : $0 } }

    /// The kinds that cloud-init knows by how they begin, the longer beginnings first.
    private static let kinds = [
        ("#cloud-config-archive", "cloud-config-archive"), ("#cloud-config-jsonp", "cloud-config-jsonp"),
        ("#cloud-config", "cloud-config"), ("#cloud-boothook", "cloud-boothook"), ("#part-handler", "part-handler"),
        ("#include-once", "x-include-once-url"), ("#include", "x-include-url"), ("## template: jinja", "jinja2"),
        ("#!", "x-shellscript"),
    ]

    private static let merging = "dict(recurse_list,no_replace)+list(append)+str()"

    /// The whole `user-data`.
    /// - Throws: a diagnostic for text that cloud-init would pass over.
    func text(with own: Mapping) throws(Diagnostics) -> String {
        let config = "#cloud-config\n" + YAML.write(Value(own))
        guard let given else { return config }
        let parts = [try part(given), Self.part("cloud-config", config, header: "Merge-Type: \(Self.merging)\n")]
        var boundary = "==drover=="
        while parts.contains(where: { $0.contains("--" + boundary) }) { boundary += "=" }
        return "Content-Type: multipart/mixed; boundary=\"\(boundary)\"\nMIME-Version: 1.0\n\n"
            + parts.map { "--\(boundary)\n\($0)\($0.hasSuffix("\n") ? "" : "\n")" }.joined() + "--\(boundary)--\n"
    }

    /// The SSH host key that a cloud-config brings itself, public half; nil when it brings none.
    /// - Throws: what is wrong with a cloud-config, and a private key without its public half.
    func givenHostKey() throws(Diagnostics) -> String? {
        guard let given, kind(of: given) == "cloud-config" else { return nil }
        let config: Value
        do throws(Diagnostics) {
            config = try YAML.read(SourceText(name: "user-data", text: given))
        } catch {
            // Tags such as !!binary are cloud-init's affair.
            if given.contains("!!") { return nil }
            throw error
        }
        guard let keys = config["ssh_keys"], keys["ed25519_private"] != nil else { return nil }
        guard let words = keys["ed25519_public"]?.string?.split(whereSeparator: \.isWhitespace), words.count >= 2 else {
            throw Diagnostics(
                .error(
                    "the user-data gives a host key without its public half", detail: "found \"ed25519_private\"",
                    hint: "add \"ed25519_public\", or leave the host key to Drover", mark: keys.mark))
        }
        return words.prefix(2).joined(separator: " ")
    }

    private func part(_ text: String) throws(Diagnostics) -> String {
        if isArchive(text) { return text }
        guard let kind = kind(of: text) else {
            let first = text.split(separator: "\n").first.map(String.init) ?? ""
            throw Diagnostics(
                .error(
                    "the user-data is nothing that cloud-init would take",
                    detail: "it begins with \"\(first.prefix(60))\"",
                    hint: "begin it with #cloud-config or #!/bin/sh, or give a MIME archive"))
        }
        return Self.part(kind, text)
    }

    private func kind(of text: String) -> String? { Self.kinds.first { text.hasPrefix($0.0) }?.1 }

    private func isArchive(_ text: String) -> Bool {
        let front = text.prefix(400).lowercased()
        return front.hasPrefix("mime-version:") || front.hasPrefix("content-type: multipart/")
    }

    /// Beyond ASCII only base64 comes through the mail parser unharmed.
    private static func part(_ kind: String, _ text: String, header: String = "") -> String {
        let head = "Content-Type: text/\(kind); charset=\"utf-8\"\nMIME-Version: 1.0\n\(header)"
        guard text.utf8.contains(where: { $0 >= 0x80 || $0 == 13 }) else { return "\(head)\n\(text)" }
        let encoded = Data(text.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        return "\(head)Content-Transfer-Encoding: base64\n\n\(encoded)\n"
    }
}
