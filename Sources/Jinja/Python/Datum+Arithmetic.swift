internal import Glibc

extension Datum {
    /// The number this counts as in arithmetic (truth is a number in Python), or nil.
    private enum Number {
        case int(Int)
        case double(Double)

        var double: Double {
            switch self {
            case .int(let number): Double(number)
            case .double(let number): number
            }
        }
    }

    private var number: Number? {
        switch self {
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let truth): .int(truth ? 1 : 0)
        default: nil
        }
    }

    /// The value as a `Double`, if it is a number.
    var asDouble: Double? { number?.double }

    static let overflow = Fault("number is too large", detail: "whole numbers have 64 bits")

    func combined(_ operation: Arithmetic, with other: Datum) throws -> Datum {
        if case .undefined(let undefined) = self { throw undefined.fault }
        if case .undefined(let undefined) = other { throw undefined.fault }
        if let left = number, let right = other.number {
            if case .int(let left) = left, case .int(let right) = right {
                return try Self.combined(left, operation, right)
            }
            return try Self.combined(left.double, operation, right.double)
        }
        switch (operation, self, other) {
        case (.mod, .string(let format), _): return .string(try PercentFormat.format(format, other))
        case (.add, _, _): if let sum = try joined(with: other) { return sum }
        case (.mul, _, _):
            if let count = other.wholeNumber, let result = try repeated(count) { return result }
            if let count = wholeNumber, let result = try other.repeated(count) { return result }
        default: break
        }
        throw Fault(
            "cannot combine \(kindName) and \(other.kindName) by \"\(operation.rawValue)\"",
            hint: operation == .add && (plainText != nil || other.plainText != nil)
                ? "use \"~\" to join anything as text" : nil)
    }

    private var wholeNumber: Int? { if case .int(let number)? = number { number } else { nil } }

    private func joined(with other: Datum) throws -> Datum? {
        switch (self, other) {
        case (.string(let left), .string(let right)):
            try Limits.checkText(left.utf8.count + right.utf8.count)
            return .string(left + right)
        case (.list(let left), .list(let right)):
            try Limits.checkItems(left.count + right.count)
            return .list(left.items + right.items)
        case (.tuple(let left), .tuple(let right)):
            try Limits.checkItems(left.items.count + right.items.count)
            return .tuple(left.items + right.items)
        default: return nil
        }
    }

    private func repeated(_ count: Int) throws -> Datum? {
        let count = max(0, count)
        func product(_ size: Int) -> Int { size.multipliedReportingOverflow(by: count).overflow ? .max : size * count }
        switch self {
        case .string(let text):
            try Limits.checkText(product(text.utf8.count))
            return .string(String(repeating: text, count: count))
        case .list(let box):
            try Limits.checkItems(product(box.count))
            return .list([[Datum]](repeating: box.items, count: count).flatMap(\.self))
        case .tuple(let box):
            try Limits.checkItems(product(box.items.count))
            return .tuple([[Datum]](repeating: box.items, count: count).flatMap(\.self))
        default: return nil
        }
    }

    private static func combined(_ left: Int, _ operation: Arithmetic, _ right: Int) throws -> Datum {
        func checked(_ result: (partialValue: Int, overflow: Bool)) throws -> Datum {
            guard !result.overflow else { throw overflow }
            return .int(result.partialValue)
        }
        switch operation {
        case .add: return try checked(left.addingReportingOverflow(right))
        case .sub: return try checked(left.subtractingReportingOverflow(right))
        case .mul: return try checked(left.multipliedReportingOverflow(by: right))
        case .pow: return try power(left, right)
        case .div, .floorDiv, .mod:
            guard right != 0 else { throw Fault("division by zero") }
            if operation == .div { return .double(Double(left) / Double(right)) }
            guard !(left == .min && right == -1) else { throw overflow }
            let quotient = left / right
            let remainder = left % right
            // Python rounds to minus infinity, the remainder has the divisor's sign.
            let isOff = remainder != 0 && (remainder < 0) != (right < 0)
            if operation == .floorDiv { return .int(isOff ? quotient - 1 : quotient) }
            return .int(isOff ? remainder + right : remainder)
        }
    }

    private static func power(_ base: Int, _ exponent: Int) throws -> Datum {
        guard exponent >= 0 else {
            guard base != 0 else { throw Fault("zero cannot be raised to a negative power") }
            return .double(pow(Double(base), Double(exponent)))
        }
        var result = 1
        if base == 0 || base == 1 { return .int(exponent == 0 ? 1 : base) }
        if base == -1 { return .int(exponent % 2 == 0 ? 1 : -1) }
        for _ in 0..<exponent {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            guard !overflow else { throw Self.overflow }
            result = product
        }
        return .int(result)
    }

    private static func combined(_ left: Double, _ operation: Arithmetic, _ right: Double) throws -> Datum {
        switch operation {
        case .add: return .double(left + right)
        case .sub: return .double(left - right)
        case .mul: return .double(left * right)
        case .pow:
            let result = pow(left, right)
            guard !result.isNaN || left.isNaN || right.isNaN else {
                throw Fault("the root of a negative number is no number")
            }
            guard left != 0 || right >= 0 else { throw Fault("zero cannot be raised to a negative power") }
            guard result.isFinite || !left.isFinite || !right.isFinite else { throw overflow }
            return .double(result)
        case .div, .floorDiv, .mod:
            guard right != 0 else { throw Fault("division by zero") }
            if operation == .div { return .double(left / right) }
            var remainder = fmod(left, right)
            if remainder != 0, (remainder < 0) != (right < 0) { remainder += right }
            if operation == .mod { return .double(remainder == 0 ? copysign(0, right) : remainder) }
            return .double(((left - remainder) / right).rounded())
        }
    }

    func negated() throws -> Datum {
        switch number {
        case .int(let number)?:
            guard number != .min else { throw Self.overflow }
            return .int(-number)
        case .double(let number)?: return .double(-number)
        case nil: return try asNumber("-")
        }
    }

    /// The number itself; for anything else the complaint about a sign before it.
    func asNumber(_ sign: String) throws -> Datum {
        switch number {
        case .int(let number)?: return .int(number)
        case .double(let number)?: return .double(number)
        case nil:
            if case .undefined(let undefined) = self { throw undefined.fault }
            throw Fault("\"\(sign)\" needs a number, not \(kindName)")
        }
    }
}
