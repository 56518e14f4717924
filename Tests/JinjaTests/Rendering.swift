import Jinja
import Values

/// Renders a text with some files beside it.
func rendered(
    _ text: String, _ context: [String: JinjaValue] = [:], files: [String: String] = [:], name: String = "test.sls"
) throws(Diagnostics) -> Rendered {
    let environment = Environment(load: { path in files[path].map { SourceText(name: path, text: $0) } })
    return try Template(SourceText(name: name, text: text)).render(context, environment: environment)
}

/// The first problem of a template that is expected to have one.
func problem(
    _ text: String, _ context: [String: JinjaValue] = [:], files: [String: String] = [:]
) -> Diagnostic? {
    do throws(Diagnostics) {
        _ = try rendered(text, context, files: files)
        return nil
    } catch {
        return error.all.first
    }
}
