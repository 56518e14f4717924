/// Reads and writes YAML as the field's templates are written: YAML 1.1, resolved the way PyYAML's safe loader does it.
public enum YAML {
    /// Reads one document.
    ///
    /// Every node and key remembers its place, plain scalars also their text (`Value.raw`). `yes`, `on` and `~` are what
    /// YAML 1.1 says; `0644` is 644, as for Salt; timestamps and base-60 numbers (`22:22`, a MAC address) stay text.
    /// An empty document is null.
    /// - Throws: syntax errors at once; duplicate keys, foreign tags and bad merge keys collected, all of them together.
    public static func read(_ source: SourceText) throws(Diagnostics) -> Value {
        var tree = YAMLTree(events: try YAMLEvents(source))
        return try tree.document()
    }

    /// Writes a document in block style; `read` gives back an equal value.
    public static func write(_ value: Value) -> String {
        YAMLWriter.text(of: value)
    }
}
