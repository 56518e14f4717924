import Values

/// `pillar.*`, `grains.*` and `config.*`.
struct LookupFunctions: Sendable {
    private let grains: Value
    private let pillar: Value
    private let options: Value

    init(input: RenderInput) {
        grains = Value(input.grains)
        pillar = Value(input.vars)
        options = Value(input.options)
    }

    var functions: [String: SaltFunctions.Body] {
        Dictionary(pillarFunctions + grainsFunctions + configFunctions) { first, _ in first }
    }

    private var pillarFunctions: [(String, SaltFunctions.Body)] {
        let parameters = ["key", "default", "merge", "merge_nested_lists", "delimiter"]
        return [
            SaltCall.body("pillar.get", parameters) { call in
                let found = pillar.traverse(try call.text("key"), delimiter: call["delimiter"]?.string ?? ":")
                let standard = call["default"] ?? ""
                guard let found else { return standard }
                guard call.flag("merge"), let under = standard.map, let over = found.map else { return found }
                return Value(under.updated(with: over, mergeLists: call.flag("merge_nested_lists")))
            },
            SaltCall.body("pillar.keys", ["key", "delimiter"]) { call in
                let path = try call.text("key")
                guard let map = pillar.traverse(path, delimiter: call["delimiter"]?.string ?? ":")?.map else {
                    throw Diagnostic.error("vars have no mapping \"\(path)\"")
                }
                return Value(map.keys)
            },
            SaltCall.body("pillar.items", []) { _ in pillar },
            SaltCall.body("pillar.item", [], variadic: true) { call in
                Value(Self.items(pillar, call.rest))
            },
        ]
    }

    private var grainsFunctions: [(String, SaltFunctions.Body)] {
        let filter = ["lookup_dict", "grain", "merge", "default", "base"]
        return [
            SaltCall.body("grains.get", ["key", "default", "delimiter", "ordered"]) { call in
                grains.traverse(try call.text("key"), delimiter: call["delimiter"]?.string ?? ":")
                    ?? call["default"] ?? ""
            },
            SaltCall.body("grains.has_value", ["key"]) { call in
                Value(grains.traverse(try call.text("key"))?.isTrue ?? false)
            },
            SaltCall.body("grains.equals", ["key", "value"]) { call in
                Value(grains.traverse(try call.text("key"))?.scalarText == (try call.text("value")))
            },
            SaltCall.body("grains.items", ["sanitize"]) { _ in grains },
            SaltCall.body("grains.ls", []) { _ in Value(grains.map?.keys ?? []) },
            SaltCall.body("grains.item", [], variadic: true) { call in Value(Self.items(grains, call.rest)) },
            SaltCall.body("grains.filter_by", filter) { call in try filterBy(call) },
        ]
    }

    private var configFunctions: [(String, SaltFunctions.Body)] {
        let parameters = [
            "key", "default", "delimiter", "merge", "omit_opts", "omit_pillar", "omit_master", "omit_grains",
        ]
        return ["config.get", "config.option"].map { name in
            SaltCall.body(name, parameters) { call in
                let key = try call.text("key")
                // The order in which Salt looks.
                let places = [("omit_opts", options), ("omit_grains", grains), ("omit_pillar", pillar)]
                let found = places.compactMap { omit, place in
                    call.flag(omit) ? nil : place.traverse(key, delimiter: call["delimiter"]?.string ?? ":")
                }
                guard let first = found.first else { return call["default"] ?? "" }
                guard let merge = call["merge"]?.string, first.map != nil else { return first }
                let maps = found.compactMap(\.map).reversed()
                return Value(
                    maps.reduce(Mapping()) { under, over in
                        merge == "recurse" ? under.updated(with: over, mergeLists: false) : under.overlaid(with: over)
                    })
            }
        }
    }

    private static func items(_ tree: Value, _ keys: [Value]) -> Mapping {
        var result = Mapping()
        for key in keys { result[key] = tree.traverse(key.scalarText ?? "") ?? "" }
        return result
    }

    /// The entry of a mapping whose key, a pattern, fits a fact; the heart of every `map.jinja`.
    private func filterBy(_ call: SaltCall) throws -> Value {
        let table = try call.mapping("lookup_dict")
        let fact = grains.traverse(call["grain"]?.string ?? "os_family")
        let wanted = (fact?.list ?? fact.map { [$0] } ?? []).compactMap(\.scalarText)
        var result: Value?
        for word in wanted where result == nil {
            result =
                table.first { key, value in
                    !value.isNull && key.scalarText.map { Wildcard($0).matches(word) } ?? false
                }?.value
        }
        if result == nil { result = table[call["default"] ?? "default"] }
        if let base = call["base"], let under = table[base] {
            result = Self.laid(result, over: under)
        }
        guard let merge = call["merge"], merge.isTrue else { return result ?? .null }
        guard let over = merge.map else {
            throw Diagnostic.error("\"merge\" of \"grains.filter_by\" is \(merge.kindName), expected a mapping")
        }
        guard let under = result?.map else { return merge }
        return Value(under.updated(with: over, mergeLists: false))
    }

    private static func laid(_ value: Value?, over under: Value) -> Value {
        guard let value, !value.isNull else { return under }
        guard let base = under.map, let over = value.map else { return value }
        return Value(base.updated(with: over, mergeLists: false))
    }
}
