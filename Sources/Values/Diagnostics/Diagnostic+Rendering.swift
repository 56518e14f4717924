extension Diagnostic {
    /// The diagnostic as people read it, without a final line end:
    /// ```
    /// web-03: error: unknown argument "mod" for "file.managed"
    ///  --> roles/web/init.sls:4:7
    ///   |
    /// 4 |     - mod: 0644
    ///   |       ^^^
    ///   = help: did you mean "mode"?
    /// ```
    /// Control characters in any part are shown as escapes, so that a file or a host cannot steer the terminal.
    /// - Parameter colored: whether to use terminal colours.
    public func rendered(colored: Bool) -> String {
        let paint = Paint(isOn: colored)
        let label = paint(severity == .error ? .red : .yellow, "\(severity.rawValue):")
        let prefix = host.map { Printable.line($0) + ": " } ?? ""
        var lines = [prefix + label + " " + paint(.bold, Printable.line(summary))]
        var margin = " "
        if let mark {
            let quote = SourceQuote(mark)
            margin = String(repeating: " ", count: quote?.number.count ?? 1)
            lines.append(margin + paint(.blue, "--> ") + Printable.line(mark.description))
            if let quote {
                lines.append(paint(.blue, margin + " |"))
                lines.append(paint(.blue, quote.number + " |") + " " + quote.text)
                lines.append(paint(.blue, margin + " |") + " " + paint(.red, quote.underline))
            }
        }
        lines += note(detail, label: "", margin: margin, paint)
        lines += note(hint, label: "help: ", margin: margin, paint)
        return lines.joined(separator: "\n")
    }

    private func note(_ text: String?, label: String, margin: String, _ paint: Paint) -> [String] {
        guard let text else { return [] }
        let parts = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        return parts.enumerated().map { index, part in
            let lead = index == 0 ? "= \(label)" : String(repeating: " ", count: 2 + label.count)
            return margin + " " + paint(.blue, lead) + Printable.line(part)
        }
    }
}

extension Diagnostics {
    /// All of them, an empty line between two.
    public func rendered(colored: Bool) -> String {
        all.map { $0.rendered(colored: colored) }.joined(separator: "\n\n")
    }
}

/// Terminal colours, or nothing.
private struct Paint {
    enum Style: String { case red = "31;1", yellow = "33;1", blue = "34;1", bold = "1" }

    let isOn: Bool

    func callAsFunction(_ style: Style, _ text: String) -> String {
        isOn ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}

/// The quoted source line of a mark: its number, its text made printable, and the underline for it.
private struct SourceQuote {
    let number: String
    let text: String
    let underline: String

    /// Characters shown of a long line.
    private static let widest = 110

    init?(_ mark: Mark) {
        guard let line = mark.source.line(mark.line) else { return nil }
        number = String(mark.line)
        let column = max(0, min(mark.column - 1, line.count))
        // A long line is cut around the place.
        let start = column > Self.widest - 30 ? column - 30 : 0
        let rest = line.dropFirst(start)
        let window = rest.prefix(Self.widest)
        let cutLeft = start > 0 ? "..." : ""
        text = cutLeft + Printable.line(window) + (rest.count > window.count ? "..." : "")
        let before = cutLeft + Printable.line(window.prefix(column - start))
        let token = Self.token(window.dropFirst(column - start))
        underline =
            String(repeating: " ", count: before.count)
            + String(repeating: "^", count: max(1, Printable.line(token).count))
    }

    /// The word that begins here: what is between quotes, or everything up to a blank, a comma, a bracket or a key's colon.
    private static func token(_ text: Substring) -> Substring {
        guard let first = text.first else { return text }
        let rest = text.dropFirst()
        if first == "\"" || first == "'" {
            guard let end = rest.firstIndex(of: first) else { return text.prefix(1) }
            return text[...end]
        }
        if "[]{},-|>\t".contains(first) { return text.prefix(1) }
        let end = rest.indices.first { index in
            let next = text.index(after: index)
            return " \t,]}".contains(text[index])
                || (text[index] == ":" && (next == text.endIndex || text[next] == " "))
        }
        return text[..<(end ?? text.endIndex)]
    }
}
