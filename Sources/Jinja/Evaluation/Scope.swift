/// Names and what they stand for, in a chain: inner scopes see outer ones and assign only to themselves.
final class Scope {
    private(set) var names: [String: Datum]
    let parent: Scope?

    init(parent: Scope?, names: [String: Datum] = [:]) {
        self.parent = parent
        self.names = names
    }

    func find(_ name: String) -> Datum? {
        var scope: Scope? = self
        while let here = scope {
            if let found = here.names[name] { return found }
            scope = here.parent
        }
        return nil
    }

    func assign(_ name: String, _ value: Datum) { names[name] = value }

    /// Every name that can be seen from here.
    var visibleNames: Set<String> {
        var result = Set(names.keys)
        var scope = parent
        while let here = scope {
            result.formUnion(here.names.keys)
            scope = here.parent
        }
        return result
    }
}

/// A template that another one names, with the path that it was found by.
struct LoadedTemplate {
    let tree: TemplateTree
    let path: String
}

/// One execution of one template: its tree, its top-level names, its blocks.
final class Activation {
    let tree: TemplateTree
    /// The path it was asked for by; nil for the template that is rendered itself.
    let path: String?
    /// The scope of the template's top level; what is set there can be imported.
    let top: Scope
    /// For each block the definitions from the most derived template to the base one.
    var blocks: [String: [(definition: BlockDefinition, activation: Activation)]] = [:]
    /// The template that this one extends, once `extends` was met.
    var base: LoadedTemplate?

    init(_ tree: TemplateTree, path: String? = nil, top: Scope) {
        self.tree = tree
        self.path = path
        self.top = top
    }
}
