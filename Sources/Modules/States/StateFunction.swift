/// One argument of a state function, as `state doc` shows it.
package struct Parameter: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case text, texts = "text or list", truth = "true or false", number, mode = "file mode", mapping, packages
        case list, size, any = "number or mapping"
        /// Taken because Salt takes it, without effect here.
        case ignored
    }

    package let name: String
    package let kind: Kind
    /// What it means and what it is when left out.
    package let summary: String

    init(_ name: String, _ kind: Kind, _ summary: String) {
        self.name = name
        self.kind = kind
        self.summary = summary
    }
}

/// A state function: its arguments, and how they become shell.
package struct StateFunction: Sendable {
    package let state: String
    package let function: String
    /// What the host is like afterwards, in one sentence.
    package let summary: String
    package let parameters: [Parameter]
    /// The shell functions that its code calls.
    let libraries: [ShellLibrary]
    let plan: @Sendable (inout StatePlanner) -> Void

    init(
        _ state: String, _ function: String, _ summary: String, _ libraries: [ShellLibrary],
        _ parameters: [Parameter], plan: @escaping @Sendable (inout StatePlanner) -> Void
    ) {
        self.state = state
        self.function = function
        self.summary = summary
        self.libraries = libraries
        self.parameters = parameters
        self.plan = plan
    }
}

/// The shell libraries in the order in which a program holds them.
enum ShellLibrary: Int, Sendable, Comparable, CaseIterable {
    case runtime, probes, made, file, package, service, command, network, keys, controller

    static func < (left: ShellLibrary, right: ShellLibrary) -> Bool { left.rawValue < right.rawValue }

    /// The library's text as a program carries it.
    var text: String { Self.texts[self] ?? "" }

    private static let texts: [ShellLibrary: String] = [
        .runtime: ShellText.compact(PackageResources.runtime_sh),
        .probes: ShellText.compact(PackageResources.probes_sh),
        .made: ShellText.compact(PackageResources.made_sh),
        .file: ShellText.compact(PackageResources.file_sh),
        .package: ShellText.compact(PackageResources.package_sh),
        .service: ShellText.compact(PackageResources.service_sh),
        .command: ShellText.compact(PackageResources.command_sh),
        .network: ShellText.compact(PackageResources.network_sh),
        .keys: ShellText.compact(PackageResources.keys_sh),
        .controller: ShellText.compact(PackageResources.controller_sh),
    ]
}
