import Values

/// `slsutil.*` and `defaults.*`: mappings laid over one another, and written as text.
enum MergeFunctions {
    static var functions: [String: SaltFunctions.Body] {
        Dictionary(merging + writing) { first, _ in first }
    }

    private static var merging: [(String, SaltFunctions.Body)] {
        [
            SaltCall.body("slsutil.merge", ["obj_a", "obj_b", "strategy", "renderer", "merge_lists"]) { call in
                try merge([try call.needed("obj_a"), try call.needed("obj_b")], call)
            },
            SaltCall.body("slsutil.merge_all", ["lst", "strategy", "renderer", "merge_lists"]) { call in
                try merge(try call.needed("lst").list ?? [], call)
            },
            SaltCall.body("slsutil.update", ["dest", "upd", "recursive_update", "merge_lists"]) { call in
                let (under, over) = (try call.mapping("dest"), try call.mapping("upd"))
                guard call.flag("recursive_update", default: true) else { return Value(under.overlaid(with: over)) }
                return Value(under.updated(with: over, mergeLists: call.flag("merge_lists")))
            },
            SaltCall.body("defaults.merge", ["dest", "upd", "merge_lists", "in_place", "convert_none"]) { call in
                // Values are never changed in place here: the answer is what templates have to use.
                let (under, over) = (call["dest"]?.map ?? Mapping(), call["upd"]?.map ?? Mapping())
                return Value(under.updated(with: over, mergeLists: call.flag("merge_lists")))
            },
            SaltCall.body("defaults.update", ["dest", "defaults", "merge_lists", "in_place", "convert_none"]) { call in
                let standard = try call.mapping("defaults")
                var result = Mapping()
                for (key, value) in try call.mapping("dest") {
                    result[key] = Value(
                        standard.updated(with: value.map ?? Mapping(), mergeLists: call.flag("merge_lists")))
                }
                return Value(result)
            },
            SaltCall.body("defaults.deepcopy", ["source"]) { call in try call.needed("source") },
        ]
    }

    private static func merge(_ objects: [Value], _ call: SaltCall) throws(Diagnostic) -> Value {
        let strategy = call["strategy"]?.string ?? "smart"
        guard ["smart", "recurse", "aggregate", "overwrite", "none", "list"].contains(strategy) else {
            throw .error(
                "\"\(call.function)\" has no strategy \"\(strategy)\"",
                detail: "there are smart, recurse, overwrite, aggregate, list and none")
        }
        if strategy == "list" { return Value(objects) }
        guard let first = objects.first else { return Value(Mapping()) }
        if strategy == "none" { return first }
        var result = first.map ?? Mapping()
        for object in objects.dropFirst() {
            guard let over = object.map else {
                if object.isNull { continue }
                throw .error("\"\(call.function)\" was given \(object.kindName), expected a mapping")
            }
            result =
                strategy == "overwrite"
                ? result.overlaid(with: over)
                : result.updated(with: over, mergeLists: call.flag("merge_lists") || strategy == "aggregate")
        }
        return Value(result)
    }

    private static var writing: [(String, SaltFunctions.Body)] {
        [
            SaltCall.body("slsutil.serialize", ["serializer", "obj"], variadic: false) { call in
                let format = try call.text("serializer")
                switch format {
                case "json": return Value(JSON.write(try call.needed("obj"), pretty: false, sortedKeys: false))
                case "yaml": return Value(YAML.write(try call.needed("obj")))
                default:
                    throw Diagnostic.error(
                        "\"slsutil.serialize\" has no format \"\(format)\"", detail: "there are json and yaml")
                }
            },
            SaltCall.body("slsutil.deserialize", ["serializer", "stream_or_string"]) { call in
                let format = try call.text("serializer")
                let source = SourceText(name: "<slsutil.deserialize>", text: try call.text("stream_or_string"))
                switch format {
                case "json": return try JSON.read(source)
                case "yaml": return try YAML.read(source)
                default:
                    throw Diagnostic.error(
                        "\"slsutil.deserialize\" has no format \"\(format)\"", detail: "there are json and yaml")
                }
            },
            SaltCall.body("slsutil.boolstr", ["value", "true", "false"]) { call in
                let word = try call.needed("value")
                let truth = word.string.map { ["true", "yes", "on", "1"].contains($0.lowercased()) } ?? word.isTrue
                return truth ? call["true"] ?? "true" : call["false"] ?? "false"
            },
        ]
    }
}

extension Mapping {
    /// This mapping with another laid over it, mapping by mapping; lists are replaced, or joined without repeating.
    func updated(with other: Mapping, mergeLists: Bool) -> Mapping {
        var result = self
        for (key, value) in other {
            switch (result[key]?.kind, value.kind) {
            case (.map(let mine)?, .map(let theirs)):
                result[key] = Value(mine.updated(with: theirs, mergeLists: mergeLists), at: value.mark)
            case (.list(let mine)?, .list(let theirs)) where mergeLists:
                result[key] = Value(mine + theirs.filter { !mine.contains($0) }, at: value.mark)
            default: result[key] = value
            }
        }
        return result
    }

    /// This mapping with another's entries in place of its own.
    func overlaid(with other: Mapping) -> Mapping {
        var result = self
        for (key, value) in other { result[key] = value }
        return result
    }
}
