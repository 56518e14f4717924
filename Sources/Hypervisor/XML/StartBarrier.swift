/// A mark in a domain's definition that keeps it from starting while the domain moves to another host: the kernel to boot
/// is a file that is nowhere, and libvirt's refusal names it. Nothing else of the definition changes, no device moves, and
/// any libvirt understands it.
public struct StartBarrier: Sendable, Hashable {
    /// Who set it up: letters, digits and dashes.
    public let operation: String
    private static let folder = "/run/drover/moving/"

    public init(operation: String) { self.operation = operation }

    /// What of a path says that this operation set the barrier up; what follows is the kernel that was there before.
    private var prefix: String { "\(Self.folder)\(operation)/" }

    /// Whether the definition has this barrier.
    public func stands(in description: DomainDescription) -> Bool {
        description.document.first("os", "kernel")?.text.hasPrefix(prefix) ?? false
    }

    /// The operation whose barrier the definition has, if any.
    public static func operation(in description: DomainDescription) -> String? {
        guard let path = description.document.first("os", "kernel")?.text, path.hasPrefix(folder) else { return nil }
        return path.dropFirst(folder.utf8.count).split(separator: "/").first.map(String.init)
    }

    /// Sets it up, once.
    public func set(up definition: inout DomainDefinition) {
        guard !stands(in: definition.description) else { return }
        definition.document.edit("os") { system in
            let kernel = system.first("kernel")?.text ?? ""
            system.replace(XMLElement("kernel", text: prefix + kernel))
        }
    }

    /// Takes it away, and gives back the kernel that was there before.
    public func remove(from definition: inout DomainDefinition) {
        guard stands(in: definition.description) else { return }
        definition.document.edit("os") { system in
            let kernel = system.first("kernel").map { String($0.text.dropFirst(prefix.utf8.count)) } ?? ""
            if kernel.isEmpty {
                system.remove { $0.localName == "kernel" }
            } else {
                system.replace(XMLElement("kernel", text: kernel))
            }
        }
    }
}
