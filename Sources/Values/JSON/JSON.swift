/// Reads and writes JSON (RFC 8259).
public enum JSON {
    /// Reads one value; nodes and keys remember their places. Whole numbers beyond 64 bits become doubles, half a surrogate
    /// pair becomes U+FFFD.
    /// - Throws: one diagnostic at the place where the text stops being JSON, or at a duplicate key.
    public static func read(_ source: SourceText) throws(Diagnostics) -> Value {
        var reader = JSONReader(source)
        do throws(Diagnostic) {
            return try reader.document()
        } catch {
            throw Diagnostics(error)
        }
    }

    /// Writes a value, ASCII control characters escaped, other characters as they are. Numbers that JSON lacks (NaN, infinity)
    /// become null; keys that are not text are written as their text.
    /// - Parameters:
    ///   - pretty: two spaces of indentation, one entry a line; otherwise all on one line.
    ///   - sortedKeys: by Unicode scalar; otherwise in the mapping's order.
    public static func write(_ value: Value, pretty: Bool = true, sortedKeys: Bool = true) -> String {
        var writer = JSONWriter(pretty: pretty, sortedKeys: sortedKeys)
        writer.write(value, depth: 0)
        return writer.text
    }
}
