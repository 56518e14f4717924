internal import States
internal import Values

/// The content that a file is to have, from `contents` or `source`.
enum FileContent {
    /// Nil when neither is given (the file need only exist), or when there is a problem, which is reported.
    static func read(_ planner: inout StatePlanner) -> [UInt8]? {
        let template = planner.text("template")
        if let template, template != "jinja" {
            planner.refuse(
                "template engine \"\(template)\" of \(planner.title) is not known", hint: "use jinja", at: "template")
        }
        if planner.chunk.arguments["contents"] != nil, planner.argument("source") != nil {
            planner.refuse(
                "\(planner.title) has both \"contents\" and \"source\"", hint: "give one of them", at: "source")
            return nil
        }
        if let text = contents(&planner) {
            guard template != nil else { return Array(text.utf8) }
            let chunk = planner.chunk
            let render = planner.sources.renderedText
            return attempt(&planner, at: "contents") { try render(text, chunk) }
        }
        guard let sources = planner.texts("source") else { return nil }
        for source in sources {
            if let bytes = bytes(source, rendered: template != nil, &planner) { return bytes }
            if !planner.problems.isEmpty { return nil }
        }
        let missing = sources.map { "\"\($0)\"" }.joined(separator: ", ")
        planner.refuse(
            "source \(missing) of \(planner.title) does not exist",
            detail: "sources are looked for below the roles", at: "source")
        return nil
    }

    private static func contents(_ planner: inout StatePlanner) -> String? {
        guard let value = planner.chunk.arguments["contents"] else { return nil }
        if value.isNull { return "" }
        guard let lines = planner.texts("contents") else { return "" }
        var text = lines.joined(separator: "\n")
        let ends = planner.truth("contents_newline", default: true)
        if ends, !text.isEmpty, text.utf8.last != UInt8(ascii: "\n") { text += "\n" }
        return text
    }

    static func bytes(_ source: String, rendered: Bool, _ planner: inout StatePlanner) -> [UInt8]? {
        let chunk = planner.chunk
        let read = rendered ? planner.sources.rendered : planner.sources.bytes
        return attempt(&planner, at: "source") { try read(source, chunk) } ?? nil
    }

    private static func attempt<Result>(
        _ planner: inout StatePlanner, at key: String, _ body: () throws -> Result
    ) -> Result? {
        do {
            return try body()
        } catch let several as Diagnostics {
            planner.problems += several.all
        } catch let one as Diagnostic {
            planner.problems.append(one)
        } catch {
            planner.refuse("\"\(key)\" of \(planner.title) cannot be read", detail: "\(error)", at: key)
        }
        return nil
    }
}
