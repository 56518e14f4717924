/// Tests that compare with another value.
enum ComparisonTests {
    static let table: [String: Test] = {
        var table: [String: Test] = [
            "in": comparing(.isIn),
            "sameas": Test(["other"], required: 1, acceptsUndefined: true) { areSame($0.input, $0[0] ?? .null) },
        ]
        let names: [(Comparison, [String])] = [
            (.equal, ["==", "eq", "equalto"]), (.notEqual, ["!=", "ne"]), (.less, ["<", "lt", "lessthan"]),
            (.lessEqual, ["<=", "le"]), (.greater, [">", "gt", "greaterthan"]), (.greaterEqual, [">=", "ge"]),
        ]
        for (operation, spellings) in names {
            for spelling in spellings { table[spelling] = comparing(operation) }
        }
        return table
    }()

    private static func comparing(_ operation: Comparison) -> Test {
        Test(["other"], required: 1) { try $0.input.compares(operation, $0.datum(0) ?? .null) }
    }

    /// Python's `is`. Small numbers and equal literals are one object there, so equal scalars of one kind count as
    /// the same.
    private static func areSame(_ left: Datum, _ right: Datum) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.double(let left), .double(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.list(let left), .list(let right)): left === right
        case (.map(let left), .map(let right)): left === right
        case (.object(let left), .object(let right)): left === right
        case (.undefined(let left), .undefined(let right)): left === right
        default: false
        }
    }
}
