internal import CLibYAML

/// Writes values through libyaml's emitter: block style, lines never folded, text quoted wherever it could be misread.
enum YAMLWriter {
    /// Where the emitter's bytes go.
    private final class Output {
        var bytes: [UInt8] = []
    }

    static func text(of value: Value) -> String {
        let output = Output()
        let emitter = UnsafeMutablePointer<yaml_emitter_t>.allocate(capacity: 1)
        defer { emitter.deallocate() }
        guard yaml_emitter_initialize(emitter) == 1 else { return "" }
        defer { yaml_emitter_delete(emitter) }
        yaml_emitter_set_unicode(emitter, 1)
        yaml_emitter_set_width(emitter, -1)
        yaml_emitter_set_encoding(emitter, YAML_UTF8_ENCODING)
        withExtendedLifetime(output) {
            yaml_emitter_set_output(
                emitter,
                { context, buffer, size in
                    guard let context, let buffer else { return 0 }
                    Unmanaged<Output>.fromOpaque(context).takeUnretainedValue()
                        .bytes.append(contentsOf: UnsafeBufferPointer(start: buffer, count: size))
                    return 1
                }, Unmanaged.passUnretained(output).toOpaque())
            emit(emitter) { yaml_stream_start_event_initialize($0, YAML_UTF8_ENCODING) }
            emit(emitter) { yaml_document_start_event_initialize($0, nil, nil, nil, 1) }
            write(value, to: emitter)
            emit(emitter) { yaml_document_end_event_initialize($0, 1) }
            emit(emitter) { yaml_stream_end_event_initialize($0) }
        }
        return String(decoding: output.bytes, as: UTF8.self)
    }

    private static func emit(
        _ emitter: UnsafeMutablePointer<yaml_emitter_t>, _ fill: (UnsafeMutablePointer<yaml_event_t>) -> Int32
    ) {
        var event = yaml_event_t()
        // The emitter takes the event over, also when it fails.
        if fill(&event) == 1 { yaml_emitter_emit(emitter, &event) }
    }

    private static func write(_ value: Value, to emitter: UnsafeMutablePointer<yaml_emitter_t>) {
        switch value.kind {
        case .null: scalar("null", style: YAML_PLAIN_SCALAR_STYLE, to: emitter)
        case .bool(let truth): scalar(truth ? "true" : "false", style: YAML_PLAIN_SCALAR_STYLE, to: emitter)
        case .int(let number): scalar(String(number), style: YAML_PLAIN_SCALAR_STYLE, to: emitter)
        case .double(let number): scalar(text(of: number), style: YAML_PLAIN_SCALAR_STYLE, to: emitter)
        case .string(let text): scalar(text, style: style(for: text), to: emitter)
        case .list(let items):
            emit(emitter) { yaml_sequence_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE) }
            for item in items { write(item, to: emitter) }
            emit(emitter) { yaml_sequence_end_event_initialize($0) }
        case .map(let mapping):
            emit(emitter) { yaml_mapping_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_MAPPING_STYLE) }
            for (key, item) in mapping {
                write(key, to: emitter)
                write(item, to: emitter)
            }
            emit(emitter) { yaml_mapping_end_event_initialize($0) }
        }
    }

    private static func scalar(
        _ text: String, style: yaml_scalar_style_t, to emitter: UnsafeMutablePointer<yaml_emitter_t>
    ) {
        var utf8 = Array(text.utf8)
        let count = Int32(clamping: utf8.count)
        let plain: Int32 = style == YAML_PLAIN_SCALAR_STYLE ? 1 : 0
        // libyaml wants a pointer even for no bytes at all.
        utf8.append(0)
        utf8.withUnsafeBufferPointer { bytes in
            emit(emitter) { yaml_scalar_event_initialize($0, nil, nil, bytes.baseAddress, count, plain, 1, style) }
        }
    }

    /// The shortest text that reads back as the same number; YAML 1.1 wants a dot in it.
    private static func text(of number: Double) -> String {
        if number.isNaN { return ".nan" }
        if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
        let text = number.description
        guard !text.contains("."), let exponent = text.firstIndex(of: "e") else { return text }
        return text[..<exponent] + ".0" + text[exponent...]
    }

    private static func style(for text: String) -> yaml_scalar_style_t {
        if text.unicodeScalars.contains(where: needsEscape) { return YAML_DOUBLE_QUOTED_SCALAR_STYLE }
        if text.utf8.contains(UInt8(ascii: "\n")) {
            // A block scalar that begins with a blank needs an indentation sign, which readers disagree about.
            let begins = text.utf8.first
            let safe = begins != UInt8(ascii: " ") && begins != UInt8(ascii: "\n")
            return safe ? YAML_LITERAL_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE
        }
        if case .string = PlainScalar.kind(of: text), !isAmbiguous(text) { return YAML_PLAIN_SCALAR_STYLE }
        return YAML_SINGLE_QUOTED_SCALAR_STYLE
    }

    /// Text that another YAML reader would take for a date, a base-60 number, a float or YAML's own signs.
    private static func isAmbiguous(_ text: String) -> Bool {
        if text == "<<" || text == "=" { return true }
        if text.count == 1, "yYnN".contains(text) { return true }
        guard let first = text.utf8.first, "0123456789+-.".utf8.contains(first) else { return false }
        let digitsOrMarks = text.utf8.allSatisfy { "0123456789abcdefoxABCDEFOXTtZz_:.+- ".utf8.contains($0) }
        let dots = text.utf8.count { $0 == UInt8(ascii: ".") }
        let isAddress = dots > 1 && text.utf8.allSatisfy { "0123456789.".utf8.contains($0) }
        return digitsOrMarks && !isAddress
    }

    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A: false
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }
}
