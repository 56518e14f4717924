import Values

/// Reads rendered YAML so that its values point into the template, to the column where that can be told.
struct RenderedTree {
    private let rendered: SourceText

    init(_ rendered: SourceText) { self.rendered = rendered }

    /// - Throws: mistakes in the YAML, at the lines of the template.
    func read() throws(Diagnostics) -> Value {
        // Read by the places of the rendered text, which have columns; these are followed back one by one.
        let plain = SourceText(name: rendered.name, text: rendered.text)
        do throws(Diagnostics) {
            return placed(try YAML.read(plain))
        } catch {
            // Messages about it have to name the template's lines throughout.
            _ = try YAML.read(rendered)
            throw error
        }
    }

    private func placed(_ value: Value) -> Value {
        var result = value
        result.mark = value.mark.map { place($0) }
        switch value.kind {
        case .int:
            // Salt's loader reads `0644` by its digits, and not as octal.
            let digits = value.raw.flatMap { $0.hasPrefix("0") ? Int($0) : nil }
            if let digits { result.kind = .int(digits) }
        case .list(let items): result.kind = .list(items.map { placed($0) })
        case .map(let map):
            var copy = Mapping()
            for (key, item) in map { copy[placed(key)] = placed(item) }
            result.kind = .map(copy)
        default: break
        }
        return result
    }

    /// The place in the template: of the same column if all before it on the line is what the template says.
    private func place(_ mark: Mark) -> Mark {
        let origin = rendered.mark(line: mark.line, column: mark.column)
        guard let here = rendered.line(mark.line)?.prefix(mark.column - 1),
            let there = origin.source.line(origin.line)?.prefix(mark.column - 1), here == there
        else { return origin }
        return Mark(source: origin.source, line: origin.line, column: mark.column)
    }
}
