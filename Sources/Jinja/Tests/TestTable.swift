/// Every test by name: Jinja's own, and Salt's.
enum TestTable {
    static let all: [String: Test] = [KindTests.table, ValueTests.table, ComparisonTests.table].reduce(into: [:]) {
        $0.merge($1) { $1 }
    }
}
