/// Tests of a value's properties.
enum ValueTests {
    static let table: [String: Test] = [
        "odd": Test { try remainder($0.input, 2) == 1 },
        "even": Test { try remainder($0.input, 2) == 0 },
        "divisibleby": Test(["num"], required: 1) { call in
            guard let divisor = try call.int(0), divisor != 0 else { throw Fault("division by zero") }
            return try remainder(call.input, divisor) == 0
        },
        "lower": Test { call in
            let text = try call.input.text()
            return text.unicodeScalars.contains(where: \.isCased) && text == text.lowercased()
        },
        "upper": Test { call in
            let text = try call.input.text()
            return text.unicodeScalars.contains(where: \.isCased) && text == text.uppercased()
        },
        "match": Test(["rgx", "ignorecase", "multiline"], required: 1) { call in
            let pattern = try Pattern(
                try call.text(0) ?? "", ignoresCase: try call.truth(1) ?? false, isMultiline: try call.truth(2) ?? false
            )
            return pattern.groups(in: try call.input.text(), atStart: true) != nil
        },
    ]

    private static func remainder(_ input: Datum, _ divisor: Int) throws -> Double {
        let number = try input.asNumber("is")
        return try number.combined(.mod, with: .int(divisor)).asDouble ?? 0
    }
}
