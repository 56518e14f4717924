/// What a template may use up before it is stopped: a mistake in it must cost a diagnostic, not the process.
enum Limits {
    /// Bytes of rendered text, and of any one string in between.
    static let text = 64 << 20
    /// Items of one list.
    static let items = 4 << 20
    /// Numbers of one `range`, as in Jinja's sandbox.
    static let range = 100_000
    /// Statements and expressions evaluated in one render.
    static let steps = 20_000_000
    /// Nesting of macros, loops, includes and expressions at run time. A level costs under 3 KiB of stack, in a debug
    /// build up to 10 KiB.
    static let depth = 400
    /// Nesting of templates that include or import each other.
    static let templates = 30

    static func checkText(_ count: Int) throws {
        if count > text { throw Fault("text is too long", detail: "the limit is \(text >> 20) MiB") }
    }

    static func checkItems(_ count: Int) throws {
        if count > items { throw Fault("list is too long", detail: "the limit is \(items) items") }
    }
}
