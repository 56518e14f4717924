internal import States

/// The state functions that there are.
package struct Catalog: StateCatalog {
    /// All that Drover has.
    package static let standard = Catalog(
        fileStates + packageStates + serviceStates + commandStates + testStates + networkStates + keyStates
            + virtualMachineStates + virtualStoreStates)

    private let table: [String: [String: StateFunction]]

    init(_ functions: [StateFunction]) {
        var table: [String: [String: StateFunction]] = [:]
        for function in functions { table[function.state, default: [:]][function.function] = function }
        self.table = table
    }

    package func has(state: String, function: String) -> Bool { self[state, function] != nil }

    package var states: [String] { table.keys.sorted() }

    package func functions(of state: String) -> [String] { table[alias(state)]?.keys.sorted() ?? [] }

    package func parameters(of state: String, function: String) -> [String]? {
        self[state, function]?.parameters.map(\.name)
    }

    /// The module's own name. Formulas for Salt before 2016.3 say `libvirt` for `virt`.
    package func alias(_ state: String) -> String { state == "libvirt" ? "virt" : state }

    /// A function with its documentation, or nil when there is none of that name.
    package subscript(_ state: String, _ function: String) -> StateFunction? { table[alias(state)]?[function] }
}
