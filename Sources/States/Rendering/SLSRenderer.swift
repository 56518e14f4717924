import Jinja
package import Values

/// One SLS file as it was found.
struct SLSSource: Sendable {
    let name: SLSName
    /// Relative to the roots.
    let path: String
    let text: SourceText

    /// Whether it is the `init.sls` of its folder.
    var isFolder: Bool { path.hasSuffix("/init.sls") }
}

/// The render pipe: SLS text through Jinja to YAML to values.
package struct SLSRenderer: Sendable {
    private let tree: any SourceTree
    private let templates: TemplateRenderer

    package init(tree: any SourceTree, input: RenderInput) {
        self.tree = tree
        templates = TemplateRenderer(tree: tree, input: input)
    }

    /// The rendered YAML text of an SLS; nil when there is no such SLS.
    package func render(_ sls: String) throws(Diagnostics) -> SourceText? {
        guard let source = try source(of: SLSName(sls)) else { return nil }
        return try rendered(source)
    }

    /// Finds an SLS: `a/b.sls`, else `a/b/init.sls`.
    func source(of name: SLSName) throws(Diagnostics) -> SLSSource? {
        for path in name.paths {
            if let text = try tree.text(path) { return SLSSource(name: name, path: path, text: text) }
        }
        return nil
    }

    /// The tree of values that an SLS renders to.
    func value(of source: SLSSource) throws(Diagnostics) -> Value {
        try RenderedTree(try rendered(source)).read()
    }

    private func rendered(_ source: SLSSource) throws(Diagnostics) -> SourceText {
        guard try pipe(of: source).contains("jinja") else { return source.text }
        let path = TemplatePath(file: source.path, full: source.text.name)
        let variables: [String: JinjaValue] = ["sls": .value(Value(source.name.name))]
        return try templates.render(source.text, at: path, adding: variables)
    }

    /// The renderers that the first line names; Jinja, then YAML, without one. The line itself is a YAML comment and stays.
    private func pipe(of source: SLSSource) throws(Diagnostics) -> [String] {
        guard let line = source.text.lines.first, line.hasPrefix("#!") else { return ["jinja", "yaml"] }
        let words = line.dropFirst(2).split(separator: "|").map { word in
            String(word.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
        }
        let mark = source.text.mark(line: 1, column: 1)
        if let unknown = words.first(where: { !["jinja", "yaml"].contains($0) }) {
            throw Diagnostics(
                .error(
                    "renderer \"\(unknown)\" is not supported", detail: "the first line asks for \"\(line)\"",
                    hint: "use #!jinja|yaml or #!yaml", mark: mark))
        }
        guard words.last == "yaml" else {
            throw Diagnostics(
                .error("render pipe \"\(line)\" does not end with \"yaml\"", hint: "use #!jinja|yaml", mark: mark))
        }
        return words
    }
}
