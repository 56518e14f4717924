/// Every filter by name: Jinja's own, and Salt's, which win where both have one.
enum FilterTable {
    static let all: [String: Filter] = [
        TextFilters.table, NumberFilters.table, SequenceFilters.table, SelectionFilters.table, GeneralFilters.table,
        MarkupFilters.table, DataFilters.table, PatternFilters.table, SaltFilters.table,
    ].reduce(into: [:]) { $0.merge($1) { $1 } }
}
