/// What states there are: asked by the compiler, answered by whoever implements them.
package protocol StateCatalog: Sendable {
    /// Whether there is this function of this state module.
    func has(state: String, function: String) -> Bool
    /// All state modules.
    var states: [String] { get }
    /// All functions of a state module; empty for an unknown one.
    func functions(of state: String) -> [String]
    /// The arguments that a function takes, without `name` and what every state takes; nil if it takes any.
    func parameters(of state: String, function: String) -> [String]?
    /// The module's own name, from one it is also known by (`libvirt` is `virt`).
    func alias(_ state: String) -> String
}
