internal import CLibvirt

/// A version as libvirt counts it: 1,000,000 * major + 1,000 * minor + release.
public struct LibraryVersion: RawRepresentable, Sendable, Hashable, Comparable, CustomStringConvertible {
    public let rawValue: UInt

    public init(rawValue: UInt) { self.rawValue = rawValue }

    public init(_ major: UInt, _ minor: UInt, _ release: UInt = 0) {
        self.init(rawValue: major * 1_000_000 + minor * 1_000 + release)
    }

    public var description: String { "\(rawValue / 1_000_000).\(rawValue / 1_000 % 1_000).\(rawValue % 1_000)" }

    public static func < (left: LibraryVersion, right: LibraryVersion) -> Bool { left.rawValue < right.rawValue }
}

/// What a host is, and what it has left.
public struct HostInfo: Sendable, Hashable {
    /// What the host says its name is: not to be trusted for anything.
    public var hostname: String
    /// What libvirt tells its hosts apart by; two equal ones cannot migrate to each other.
    public var uuid: String
    public var libvirtVersion: LibraryVersion
    /// QEMU's version; nil when libvirt cannot tell.
    public var hypervisorVersion: LibraryVersion?
    public var architecture: String
    public var cpus: Int
    public var memoryMiB: Int
    /// Nil when the driver cannot tell.
    public var freeMemoryMiB: Int?
    public var capabilities: HostCapabilities

    public init(
        hostname: String, uuid: String, libvirtVersion: LibraryVersion, hypervisorVersion: LibraryVersion?,
        architecture: String, cpus: Int, memoryMiB: Int, freeMemoryMiB: Int?, capabilities: HostCapabilities
    ) {
        self.hostname = hostname
        self.uuid = uuid
        self.libvirtVersion = libvirtVersion
        self.hypervisorVersion = hypervisorVersion
        self.architecture = architecture
        self.cpus = cpus
        self.memoryMiB = memoryMiB
        self.freeMemoryMiB = freeMemoryMiB
        self.capabilities = capabilities
    }
}

/// What a host can run.
public struct HostCapabilities: Sendable, Hashable {
    /// One kind of guest.
    public struct Guest: Sendable, Hashable {
        public var architecture: String
        public var emulator: String?
        /// Names and aliases of machines, such as `q35`.
        public var machines: [String]
        /// `qemu`, `kvm`.
        public var accelerators: [String]

        public init(architecture: String, emulator: String?, machines: [String], accelerators: [String]) {
            self.architecture = architecture
            self.emulator = emulator
            self.machines = machines
            self.accelerators = accelerators
        }
    }

    public var hostUUID: String
    /// The host's `<cpu>` element.
    public var cpu: XMLElement?
    public var guests: [Guest]
    /// URIs by which other hosts may migrate to it, as it lists them: `tcp`, `tls`.
    public var migrationTransports: [String]

    public init(_ document: XMLElement) {
        hostUUID = document.first("host", "uuid")?.text ?? ""
        cpu = document.first("host", "cpu")
        migrationTransports =
            document.first("host", "migration_features", "uri_transports")?.all("uri_transport").map(\.text) ?? []
        guests = document.all("guest").compactMap { guest in
            guard let arch = guest.first("arch"), let name = arch[attribute: "name"] else { return nil }
            let machines = arch.all("machine") + arch.all("domain").flatMap { $0.all("machine") }
            return Guest(
                architecture: name, emulator: arch.first("emulator")?.text, machines: machines.map(\.text),
                accelerators: arch.all("domain").compactMap { $0[attribute: "type"] })
        }
    }

    /// Whether libvirt offers KVM for guests of that architecture.
    public func hasKVM(_ architecture: String = "x86_64") -> Bool {
        guests.contains { $0.architecture == architecture && $0.accelerators.contains("kvm") }
    }
}

extension HypervisorConnection {
    /// What the host is and has left, in one call.
    public func hostInfo() async throws(HypervisorError) -> HostInfo {
        try await call("ask what the host is") { call throws(HypervisorError) in
            let capabilities = HostCapabilities(try call.document(virConnectGetCapabilities(call.connection)))
            var node = virNodeInfo()
            try call.check(virNodeGetInfo(call.connection, &node))
            var library: UInt = 0
            try call.check(virConnectGetLibVersion(call.connection, &library))
            var hypervisor: UInt = 0
            let knowsHypervisor = virConnectGetVersion(call.connection, &hypervisor) == 0 && hypervisor > 0
            let free = virNodeGetFreeMemory(call.connection)
            let model = withUnsafeBytes(of: node.model) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            return HostInfo(
                hostname: try call.string(virConnectGetHostname(call.connection)), uuid: capabilities.hostUUID,
                libvirtVersion: LibraryVersion(rawValue: library),
                hypervisorVersion: knowsHypervisor ? LibraryVersion(rawValue: hypervisor) : nil, architecture: model,
                cpus: Int(node.cpus), memoryMiB: Int(node.memory >> 10),
                freeMemoryMiB: free == 0 ? nil : Int(free >> 20),
                capabilities: capabilities)
        }
    }

    /// What the host says its name is.
    public func hostname() async throws(HypervisorError) -> String {
        try await call("ask for the host's name") { call throws(HypervisorError) in
            try call.string(virConnectGetHostname(call.connection))
        }
    }

    /// The host's capabilities as libvirt's text.
    public func capabilitiesXML() async throws(HypervisorError) -> String {
        try await call("ask for the host's capabilities") { call throws(HypervisorError) in
            try call.string(virConnectGetCapabilities(call.connection))
        }
    }

    /// Whether the peer still answers keep-alives; false once the connection is lost or closed.
    public func isAlive() async -> Bool {
        let answer: Int32? = try? await call("ask whether the connection is alive") { call throws(HypervisorError) in
            try call.check(virConnectIsAlive(call.connection))
        }
        return answer == 1
    }
}
