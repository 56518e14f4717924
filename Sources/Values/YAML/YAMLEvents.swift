internal import CLibYAML

/// What libyaml reports, as Swift values.
enum YAMLEvent {
    case streamStart, streamEnd, documentStart, documentEnd
    case alias(String)
    case scalar(text: String, isPlain: Bool, YAMLProperties)
    case sequenceStart(YAMLProperties), sequenceEnd
    case mappingStart(YAMLProperties), mappingEnd
}

/// The anchor and the tag that may stand before a node.
struct YAMLProperties {
    var anchor: String?
    var tag: String?
}

/// Pulls events out of libyaml, each with its place.
///
/// The parser is on the heap because libyaml keeps a pointer to it, and the bytes live as long as it does. For one task.
final class YAMLEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let source: SourceText
    private var places: Places

    init(_ source: SourceText) throws(Diagnostics) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw Diagnostics(.error("no memory to read \"\(source.name)\""))
        }
        let utf8 = source.text.utf8
        bytes = .allocate(capacity: utf8.count)
        _ = bytes.initialize(from: utf8)
        self.parser = parser
        self.source = source
        places = Places(source)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, UnsafePointer(bytes.baseAddress), bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// The next event and where it begins.
    func next() throws(Diagnostics) -> (event: YAMLEvent, mark: Mark) {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw Diagnostics(syntaxError()) }
        defer { yaml_event_delete(&event) }
        return (Self.swift(event), place(event.start_mark))
    }

    private static func swift(_ event: yaml_event_t) -> YAMLEvent {
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            return .scalar(
                text: String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                YAMLProperties(anchor: text(scalar.anchor), tag: text(scalar.tag)))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return .sequenceStart(YAMLProperties(anchor: text(start.anchor), tag: text(start.tag)))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return .mappingStart(YAMLProperties(anchor: text(start.anchor), tag: text(start.tag)))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .streamEnd
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func place(_ mark: yaml_mark_t) -> Mark { places.mark(line: mark.line, column: mark.column) }

    private func syntaxError() -> Diagnostic {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "unreadable"
        if state.error == YAML_READER_ERROR {
            return YAMLProblem.unreadable(problem, value: state.problem_value, at: place(offset: state.problem_offset))
        }
        return YAMLProblem.syntax(
            problem, at: place(state.problem_mark), line: source.line(state.problem_mark.line + 1) ?? "",
            context: state.context.map { (String(cString: $0), place(state.context_mark)) })
    }

    private func place(offset: Int) -> Mark {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let scalars = before[lineStart...].count { $0 & 0xC0 != 0x80 }
        return places.mark(line: before.count { $0 == UInt8(ascii: "\n") }, column: scalars)
    }
}
