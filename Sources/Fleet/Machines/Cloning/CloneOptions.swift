package import Inventory
package import Values

/// How a VM is copied.
package struct CloneOptions: Sendable {
    /// Overlays on what the source's disks are now, instead of copies.
    package var linked = false
    package var start = false
    /// cloud-init's network configuration for the copy; nil for the source's, if it is not one address's own.
    package var networkConfig: String?
    /// Hosts that do not answer and yet shall not keep the name from being used.
    package var assumedAbsent: [String] = []

    package init() {}
}

/// A VM that is a copy of another.
package struct ClonedMachine: Sendable {
    package let name: String
    package let uuid: String
    package let host: Host
    package let isRunning: Bool
    /// In what it is no perfect copy.
    package let warnings: [Diagnostic]
}

extension ClonedMachine {
    package var value: Value {
        Value(
            Mapping([
                ("name", Value(name)), ("uuid", Value(uuid)), ("host", Value(host.name)), ("running", Value(isRunning)),
            ]))
    }
}
