import Jinja
package import Values

/// Renders templates with what Salt's templates see: SLS files, and the sources of `file.managed`.
package struct TemplateRenderer: Sendable {
    private let tree: any SourceTree
    private let input: RenderInput

    package init(tree: any SourceTree, input: RenderInput) {
        self.tree = tree
        self.input = input
    }

    /// Renders a template of the roles for a state such as `file.managed`.
    /// - Parameters:
    ///   - path: relative to the roots.
    ///   - sls: the SLS that asks for it.
    ///   - defaults: variables that `context` may replace.
    ///   - context: variables of the state.
    /// - Throws: mistakes in the template at its own lines, and a template that is not there.
    package func render(
        _ path: String, sls: String, defaults: Mapping = Mapping(), context: Mapping = Mapping()
    ) throws(Diagnostics) -> String {
        guard let text = try tree.text(path) else {
            let near = NearestName.hint(for: path, among: tree.list(""))
            throw Diagnostics(.error("template \"\(path)\" was not found", hint: near))
        }
        return try render(text, path: path, sls: sls, defaults: defaults, context: context)
    }

    /// Renders a template that is given as text, such as the `contents` of a file.
    package func render(
        _ text: SourceText, path: String, sls: String, defaults: Mapping = Mapping(), context: Mapping = Mapping()
    ) throws(Diagnostics) -> String {
        var variables: [String: JinjaValue] = ["sls": .value(Value(sls))]
        for mapping in [defaults, context] {
            for (key, value) in mapping { if let name = key.string { variables[name] = .value(value) } }
        }
        let place = TemplatePath(file: path, full: text.name)
        return try render(text, at: place, adding: variables).text
    }

    /// Renders a text that stands at a path, with more variables than every template sees.
    func render(
        _ text: SourceText, at path: TemplatePath, adding variables: [String: JinjaValue]
    ) throws(Diagnostics) -> SourceText {
        let tree = tree
        let environment = Environment(load: { name in
            guard let path = path.resolve(name) else { return nil }
            return try tree.read(path)
        })
        let context = self.variables(at: path).merging(variables) { $1 }
        return try Template(text).render(context, environment: environment).source
    }

    private func variables(at path: TemplatePath) -> [String: JinjaValue] {
        let grains = JinjaValue.value(Value(input.grains))
        let pillar = JinjaValue.value(Value(input.vars))
        var result: [String: JinjaValue] = [
            "grains": grains, "facts": grains, "pillar": pillar, "vars": pillar,
            "host": .value(Value(input.hostName)), "opts": .value(Value(input.options)),
            "saltenv": .value("base"), "env": .value("base"),
            "salt": .object(SaltFunctions(input: input, tree: tree).object),
        ]
        for (name, value) in path.variables { result[name] = .value(value) }
        return result
    }
}
