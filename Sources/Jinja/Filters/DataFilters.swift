internal import Values

/// Filters that turn values into JSON or YAML, and back.
enum DataFilters {
    static let table: [String: Filter] = [
        "tojson": Filter(["indent", "sort_keys", "ensure_ascii"]) { call in
            let text = try PythonJSON.text(
                of: call.input, indent: try call.int(0), sortedKeys: try call.truth(1) ?? true,
                onlyASCII: try call.truth(2) ?? true)
            // Safe inside of HTML, as Jinja has it.
            return .string(
                text.replacingText("<", with: "\\u003c").replacingText(">", with: "\\u003e")
                    .replacingText("&", with: "\\u0026").replacingText("'", with: "\\u0027"))
        },
        "json": Filter(["sort_keys", "indent"]) { call in
            .string(
                try PythonJSON.text(
                    of: call.input, indent: try call.int(1), sortedKeys: try call.truth(0) ?? true, onlyASCII: false))
        },
        "yaml": Filter(["flow_style"]) { call in
            let value = try call.input.value()
            if try call.truth(0) ?? true { return .string(FlowYAML.text(of: value)) }
            return .string(YAML.write(value).trimmed())
        },
        "yaml_encode": Filter { call in
            switch call.input {
            case .null: return .string("null")
            case .bool(let truth): return .string(truth ? "true" : "false")
            case .string, .int, .double: return .string(try call.input.text())
            default: throw Fault("\"yaml_encode\" works on scalars only, not on \(call.input.kindName)")
            }
        },
        "yaml_dquote": .text { text, _ in .string(FlowYAML.doubleQuoted(text)) },
        "yaml_squote": .text { text, _ in .string(FlowYAML.singleQuoted(text)) },
        "load_yaml": loading(.yaml), "load_json": loading(.json), "load_text": loading(.text),
        "python": Filter { .string(try $0.input.repr()) },
        "json_encode_dict": Filter {
            .string(try PythonJSON.text(of: $0.input, indent: nil, sortedKeys: false, onlyASCII: false))
        },
        "json_encode_list": Filter {
            .string(try PythonJSON.text(of: $0.input, indent: nil, sortedKeys: false, onlyASCII: false))
        },
        "json_decode_dict": loading(.json), "json_decode_list": loading(.json),
    ]

    private static func loading(_ format: DataFormat) -> Filter {
        Filter { call in
            switch call.input {
            case .string(let text): return try call.renderer.read(text, as: format)
            case .object(let module as TemplateModule):
                return try call.renderer.read(
                    module.output.source(name: module.activation.tree.source.name), as: format)
            default: throw Fault("expected text to read as \(format.rawValue), not \(call.input.kindName)")
            }
        }
    }
}

extension Renderer {
    /// Reads text that was made by an expression. Places in it mean nothing to people, so errors get the expression's.
    func read(_ text: String, as format: DataFormat) throws -> Datum {
        let lines = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        let source = SourceText(
            name: source.name, text: text, origins: [Mark?](repeating: callMark, count: lines))
        return try read(source, as: format)
    }
}
