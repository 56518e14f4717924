/// Tests of what a value is.
enum KindTests {
    static let table: [String: Test] = [
        "defined": Test(acceptsUndefined: true) { !$0.input.isUndefined },
        "undefined": Test(acceptsUndefined: true) { $0.input.isUndefined },
        "none": Test(acceptsUndefined: true) { $0.input.isNull },
        "boolean": Test(acceptsUndefined: true) { if case .bool = $0.input { true } else { false } },
        "true": Test(acceptsUndefined: true) { if case .bool(true) = $0.input { true } else { false } },
        "false": Test(acceptsUndefined: true) { if case .bool(false) = $0.input { true } else { false } },
        "integer": Test(acceptsUndefined: true) { if case .int = $0.input { true } else { false } },
        "float": Test(acceptsUndefined: true) { if case .double = $0.input { true } else { false } },
        "number": Test(acceptsUndefined: true) { $0.input.asDouble != nil },
        "string": Test(acceptsUndefined: true) { if case .string = $0.input { true } else { false } },
        "mapping": Test(acceptsUndefined: true) { if case .map = $0.input { true } else { false } },
        "list": Test(acceptsUndefined: true) { if case .list = $0.input { true } else { false } },
        "sequence": Test(acceptsUndefined: true) { call in
            switch call.input {
            case .string, .list, .tuple, .map: true
            case .object(let object): object.elements != nil
            default: false
            }
        },
        "iterable": Test { (try? $0.input.elements()) != nil },
        "callable": Test(acceptsUndefined: true) { call in
            if case .object(let object) = call.input { object.isCallable } else { false }
        },
        "escaped": Test { _ in false },
        "filter": Test { call in
            let name = try call.input.text()
            return FilterTable.all[name] != nil || call.renderer.environment.filters[name] != nil
        },
        "test": Test { call in
            let name = try call.input.text()
            return TestTable.all[name] != nil || call.renderer.environment.tests[name] != nil
        },
    ]
}
