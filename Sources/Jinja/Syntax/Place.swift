/// Where a node of a template stands: line and column, both from 1, the column in Unicode scalars.
///
/// A node keeps this instead of a `Mark`, which would hold (and count references to) the source in every node.
struct Place: Sendable, Hashable {
    let line: Int32
    let column: Int32

    init(line: Int, column: Int) {
        self.line = Int32(truncatingIfNeeded: line)
        self.column = Int32(truncatingIfNeeded: column)
    }
}
