internal import CLibvirt
internal import Glibc

/// How a host's processor relates to one that a guest wants.
public enum ProcessorFit: Int32, Sendable, Hashable {
    case incompatible, identical, superset
}

/// The kind of guest that a question about processors is asked for.
public struct GuestKind: Sendable, Hashable {
    public var accelerator: DomainSpec.Accelerator
    public var architecture: String
    public var machine: String?
    public var emulator: String?

    public init(
        accelerator: DomainSpec.Accelerator, architecture: String = "x86_64", machine: String? = nil,
        emulator: String? = nil
    ) {
        self.accelerator = accelerator
        self.architecture = architecture
        self.machine = machine
        self.emulator = emulator
    }
}

extension HypervisorConnection {
    /// What the hypervisor can do for one kind of guest, as libvirt's document.
    public func domainCapabilities(for kind: GuestKind) async throws(HypervisorError) -> XMLElement {
        try await call("ask for domain capabilities") { call throws(HypervisorError) in
            try call.document(
                virConnectGetDomainCapabilities(
                    call.connection, kind.emulator, kind.architecture, kind.machine, kind.accelerator.rawValue, 0))
        }
    }

    /// The processor as this hypervisor can give it to guests: a `<cpu>` element for `baseline` and `fit`.
    public func hostModel(for kind: GuestKind) async throws(HypervisorError) -> XMLElement? {
        let document = try await domainCapabilities(for: kind)
        let mode = document.first("cpu")?.all("mode").first { $0[attribute: "name"] == "host-model" }
        guard let mode, mode[attribute: "supported"] == "yes" else { return nil }
        let copied = mode.children.filter { ["model", "vendor", "feature", "maxphysaddr"].contains($0.localName) }
        return XMLElement("cpu", ["mode": "custom", "match": "exact"], copied)
    }

    /// The best processor that all of `processors` can give, as a `<cpu>` element for a domain.
    /// - Parameter expanded: every feature is named, also those that the model stands for.
    public func baseline(
        of processors: [XMLElement], for kind: GuestKind, expanded: Bool = false
    ) async throws(HypervisorError) -> XMLElement {
        let operation = "compute a common processor"
        let texts: [String]
        do {
            texts = try processors.map { processor throws(XMLProblem) in try processor.written() }
        } catch {
            throw .invalid(operation, error.message)
        }
        let flags =
            VIR_CONNECT_BASELINE_CPU_MIGRATABLE.rawValue
            | (expanded ? VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES.rawValue : 0)
        return try await call(operation) { call throws(HypervisorError) in
            var list = texts.map { UnsafePointer<CChar>(strdup($0)) }
            defer { for text in list { free(UnsafeMutablePointer(mutating: text)) } }
            return try call.document(
                virConnectBaselineHypervisorCPU(
                    call.connection, kind.emulator, kind.architecture, kind.machine, kind.accelerator.rawValue, &list,
                    UInt32(list.count), UInt32(flags)))
        }
    }

    /// Whether this hypervisor can give a guest that processor.
    /// - Parameter namingWhatLacks: one that it cannot give is an error of code `incompatibleProcessor`, whose message
    ///   names the missing features.
    public func fit(
        of processor: XMLElement, for kind: GuestKind, namingWhatLacks: Bool = false
    ) async throws(HypervisorError) -> ProcessorFit {
        let operation = "compare processors"
        let text: String
        do {
            text = try processor.written()
        } catch {
            throw .invalid(operation, error.message)
        }
        return try await call(operation) { call throws(HypervisorError) in
            let answer = try call.check(
                virConnectCompareHypervisorCPU(
                    call.connection, kind.emulator, kind.architecture, kind.machine, kind.accelerator.rawValue, text,
                    namingWhatLacks ? VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE.rawValue : 0)
            )
            return ProcessorFit(rawValue: answer) ?? .incompatible
        }
    }
}
