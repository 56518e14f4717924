internal import CLibvirt

/// libvirt's typed parameters: those of an answer as Swift values.
struct TypedParameters {
    enum Value {
        case signed(Int64)
        case unsigned(UInt64)
        case real(Double)
        case flag(Bool)
        case text(String)
    }

    private(set) var values: [String: Value] = [:]

    /// Copies what libvirt owns.
    init(borrowing parameters: virTypedParameterPtr?, count: Int32) {
        guard let parameters else { return }
        for index in 0..<Int(count) {
            let parameter = parameters[index]
            let name = withUnsafeBytes(of: parameter.field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            values[name] = Self.value(parameter)
        }
    }

    private static func value(_ parameter: virTypedParameter) -> Value? {
        switch virTypedParameterType(rawValue: UInt32(parameter.type)) {
        case VIR_TYPED_PARAM_INT: .signed(Int64(parameter.value.i))
        case VIR_TYPED_PARAM_UINT: .unsigned(UInt64(parameter.value.ui))
        case VIR_TYPED_PARAM_LLONG: .signed(parameter.value.l)
        case VIR_TYPED_PARAM_ULLONG: .unsigned(parameter.value.ul)
        case VIR_TYPED_PARAM_DOUBLE: .real(parameter.value.d)
        case VIR_TYPED_PARAM_BOOLEAN: .flag(parameter.value.b != 0)
        case VIR_TYPED_PARAM_STRING: parameter.value.s.map { .text(String(cString: $0)) }
        default: nil
        }
    }

    func number(_ name: String) -> UInt64? {
        switch values[name] {
        case .unsigned(let number): number
        case .signed(let number): UInt64(exactly: number)
        default: nil
        }
    }

    func text(_ name: String) -> String? {
        if case .text(let text) = values[name] { text } else { nil }
    }

    func flag(_ name: String) -> Bool? {
        if case .flag(let flag) = values[name] { flag } else { nil }
    }
}

/// libvirt's typed parameters: those of a request, on the thread of the call.
final class TypedParameterList {
    private(set) var parameters: virTypedParameterPtr?
    private(set) var count: Int32 = 0
    private var capacity: Int32 = 0
    private let call: Call

    init(for call: Call) { self.call = call }

    deinit { virTypedParamsFree(parameters, count) }

    func add(_ name: String, _ value: String?) throws(HypervisorError) {
        guard let value else { return }
        try call.check(virTypedParamsAddString(&parameters, &count, &capacity, name, value))
    }

    func add(_ name: String, _ value: Int32?) throws(HypervisorError) {
        guard let value else { return }
        try call.check(virTypedParamsAddInt(&parameters, &count, &capacity, name, value))
    }

    func add(_ name: String, _ value: UInt64?) throws(HypervisorError) {
        guard let value else { return }
        try call.check(virTypedParamsAddULLong(&parameters, &count, &capacity, name, value))
    }
}
