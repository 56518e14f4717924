internal import Values

/// The tags that there are, for suggestions.
enum TagNames {
    static let all = [
        "if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith", "macro", "endmacro", "call",
        "endcall", "filter", "endfilter", "block", "endblock", "extends", "include", "import", "from", "do", "print",
        "break", "continue", "raw", "endraw", "autoescape", "endautoescape", "profile", "endprofile", "load_yaml",
        "load_json", "load_text", "endload", "import_yaml", "import_json", "import_text",
    ]

    static func hint(for name: String) -> String? {
        if name.hasPrefix("end") || name == "else" || name == "elif" {
            return all.contains(name) ? "it closes or continues a tag that is not open here" : suggestion(for: name)
        }
        return suggestion(for: name)
    }

    private static func suggestion(for name: String) -> String? {
        NearestName.of(name, among: all).map { "did you mean \"\($0)\"?" }
    }
}
