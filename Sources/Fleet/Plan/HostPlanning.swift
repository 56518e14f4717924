package import Inventory
package import Modules
internal import PKI
package import States
package import Values

/// From a host's facts to what it is to be put through. Reads role files and nothing else of the world.
package struct HostPlanning: Sendable {
    private let tree: RoleTree
    private let host: Host
    private let input: RenderInput
    private let roles: [String]

    package init(_ directory: FleetDirectory, host: Host, facts: Mapping, test: Bool) {
        roles = directory.roleNames
        tree = RoleTree(directory)
        self.host = host
        input = RenderInput(hostName: host.name, facts: facts, vars: host.vars, test: test)
    }

    /// Renders and compiles the roles, in their order.
    /// - Throws: every mistake found, with the host's name.
    package func compile(_ roles: [String]) throws(Diagnostics) -> LowState {
        do {
            return try StateCompiler.compile(sls: roles, tree: tree, catalog: Catalog.standard, input: input)
        } catch {
            throw named(error)
        }
    }

    /// The text that a role's templates come to, before it is read as YAML.
    package func render(_ role: String) throws(Diagnostics) -> String {
        let rendered: SourceText?
        do {
            rendered = try SLSRenderer(tree: tree, input: input).render(role)
        } catch {
            throw named(error)
        }
        if let rendered { return rendered.text }
        throw Diagnostics(.error("there is no role \"\(role)\"", hint: NearestName.hint(for: role, among: roles)))
    }

    /// Turns low state into shell and files.
    package func plan(_ low: LowState, materials: Materials) throws(Diagnostics) -> HostPlan {
        do {
            return try HostPlan.plan(low: low, facts: input.facts, materials: materials, sources: sources)
        } catch {
            throw named(error)
        }
    }

    private func named(_ diagnostics: Diagnostics) -> Diagnostics {
        let all = diagnostics.all.map { one in
            var copy = one
            copy.host = one.host ?? host.name
            return copy
        }
        return Diagnostics(all) ?? diagnostics
    }

    private var sources: FileSources {
        let tree = tree
        let renderer = TemplateRenderer(tree: tree, input: input)
        return FileSources(
            bytes: { source, _ in try tree.bytes(Self.path(source)) },
            rendered: { source, chunk in
                let path = Self.path(source)
                guard let text = try tree.read(path) else { return nil }
                let rendered = try renderer.render(
                    text, path: path, sls: chunk.sls, defaults: chunk.arguments["defaults"]?.map ?? Mapping(),
                    context: chunk.arguments["context"]?.map ?? Mapping())
                return Array(rendered.utf8)
            },
            renderedText: { text, chunk in
                let source = SourceText(name: "<contents of \(chunk.id)>", text: text)
                let rendered = try renderer.render(
                    source, path: chunk.id, sls: chunk.sls, defaults: chunk.arguments["defaults"]?.map ?? Mapping(),
                    context: chunk.arguments["context"]?.map ?? Mapping())
                return Array(rendered.utf8)
            },
            sha256: { ContentDigest.sha256($0) })
    }

    /// A source's path below the role folders.
    private static func path(_ source: String) -> String {
        for scheme in ["salt://", "drover://"] where source.hasPrefix(scheme) {
            return String(source.dropFirst(scheme.count))
        }
        return source
    }
}
