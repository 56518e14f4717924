internal import Glibc

/// Filters on numbers.
enum NumberFilters {
    static let table: [String: Filter] = [
        "int": Filter(["default", "base"]) { call in
            let base = try call.int(1) ?? 10
            return whole(call.input, base: base) ?? call[0] ?? .int(0)
        },
        "float": Filter(["default"]) { call in
            if case .string(let text) = call.input {
                return PythonNumber.double(text).map { .double($0) } ?? call[0] ?? .double(0)
            }
            return call.input.asDouble.map { .double($0) } ?? call[0] ?? .double(0)
        },
        "abs": Filter { call in
            switch call.input {
            case .double(let number): return .double(number.magnitude)
            default:
                guard case .int(let number) = try call.input.asNumber("abs") else { return call.input }
                return number < 0 ? try Datum.int(number).negated() : .int(number)
            }
        },
        "round": Filter(["precision", "method"]) { try rounded($0) },
        "filesizeformat": Filter(["binary"]) { call in
            guard let size = try call.input.asDouble ?? PythonNumber.double(call.input.text()) else {
                throw Fault("\"filesizeformat\" needs a number, not \(call.input.kindName)")
            }
            return .string(sizeText(size, binary: try call.truth(0) ?? false))
        },
    ]

    private static func whole(_ input: Datum, base: Int) -> Datum? {
        switch input {
        case .int, .bool: return (try? input.asNumber("+"))
        case .double(let number): return Int(exactly: number.rounded(.towardZero)).map { .int($0) }
        case .string(let text):
            if let number = PythonNumber.int(text, base: base) { return .int(number) }
            return PythonNumber.double(text).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .int($0) }
        default: return nil
        }
    }

    private static func rounded(_ call: Invocation) throws -> Datum {
        let precision = try call.int(0) ?? 0
        let method = try call.text(1) ?? "common"
        guard let number = try call.input.asNumber("round").asDouble else { return call.input }
        let scale = pow(10, Double(precision))
        switch method {
        case "ceil": return .double((number * scale).rounded(.up) / scale)
        case "floor": return .double((number * scale).rounded(.down) / scale)
        case "common":
            if case .int(let whole) = try call.input.asNumber("round"), precision >= 0 { return .int(whole) }
            guard precision >= 0 else {
                let result = (number * scale).rounded(.toNearestOrEven) / scale
                guard case .double = call.input else { return .int(Int(exactly: result) ?? 0) }
                return .double(result)
            }
            let text = PythonNumber.formatted(number, conversion: "f", precision: precision)
            return .double(Double(text) ?? number)
        default: throw Fault("method of \"round\" must be \"common\", \"ceil\" or \"floor\", not \"\(method)\"")
        }
    }

    private static func sizeText(_ size: Double, binary: Bool) -> String {
        let base: Double = binary ? 1024 : 1000
        if size == 1 { return "1 Byte" }
        if size < base { return "\(Int(size)) Bytes" }
        var unit = base
        var name = ""
        for prefix in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
            name = binary ? prefix.uppercased() + "iB" : prefix + "B"
            if size < unit * base { break }
            unit *= base
        }
        return PythonNumber.formatted(size / unit, conversion: "f", precision: 1) + " " + name
    }
}
