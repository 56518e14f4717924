internal import CLibvirt

/// A libvirt network as its host reports it.
public struct NetworkInfo: Sendable, Hashable {
    public var name: String
    public var uuid: String
    /// The bridge behind it.
    public var bridge: String?
    /// `bridge`, `nat`, `route`, ...; nil for an isolated network.
    public var forward: String?
    public var isActive: Bool
    public var autostart: Bool
    /// Whether its definition outlives its being stopped.
    public var isPersistent: Bool

    public init(
        name: String, uuid: String = "", bridge: String?, forward: String?, isActive: Bool, autostart: Bool,
        isPersistent: Bool = true
    ) {
        self.name = name
        self.uuid = uuid
        self.bridge = bridge
        self.forward = forward
        self.isActive = isActive
        self.autostart = autostart
        self.isPersistent = isPersistent
    }
}

extension HypervisorConnection {
    /// All networks, sorted by name. One that vanishes meanwhile is left out.
    public func networks() async throws(HypervisorError) -> [NetworkInfo] {
        try await call("list networks") { call throws(HypervisorError) in
            let list = try call.each(
                { virConnectListAllNetworks(call.connection, $0, 0) }, release: virNetworkFree,
                { network throws(HypervisorError) -> NetworkInfo? in
                    do throws(HypervisorError) {
                        return try call.info(ofNetwork: network)
                    } catch {
                        guard error.code == .noNetwork else { throw error }
                        return nil
                    }
                })
            return list.sorted { $0.name < $1.name }
        }
    }

    /// The network of that name; nil when there is none.
    public func network(_ name: String) async throws(HypervisorError) -> NetworkInfo? {
        try await orNil(.noNetwork) { () throws(HypervisorError) in
            try await call("look up network \"\(name)\"") { call throws(HypervisorError) in
                try call.network(name) { network throws(HypervisorError) in try call.info(ofNetwork: network) }
            }
        }
    }

    /// The definition that a network starts with, as libvirt writes it; nil when there is none.
    public func networkDocument(_ name: String) async throws(HypervisorError) -> XMLElement? {
        try await orNil(.noNetwork) { () throws(HypervisorError) in
            try await call("read the definition of network \"\(name)\"") { call throws(HypervisorError) in
                try call.network(name) { network throws(HypervisorError) in
                    try call.definition { virNetworkGetXMLDesc(network, $0) }
                }
            }
        }
    }

    /// Defines a network, starts it, and has it start with its host. Returns it.
    @discardableResult
    public func createNetwork(xml: String) async throws(HypervisorError) -> NetworkInfo {
        try await call("make a network") { call throws(HypervisorError) in
            let network = try call.require(virNetworkDefineXML(call.connection, xml))
            defer { virNetworkFree(network) }
            if try call.check(virNetworkIsActive(network)) == 0 { try call.check(virNetworkCreate(network)) }
            try call.check(virNetworkSetAutostart(network, 1))
            return try call.info(ofNetwork: network)
        }
    }

    /// Defines a network, or changes the definition that it starts with next time; its UUID must then be the one it has.
    public func defineNetwork(xml: String) async throws(HypervisorError) {
        try await call("define a network") { call throws(HypervisorError) -> Void in
            virNetworkFree(try call.require(virNetworkDefineXML(call.connection, xml)))
        }
    }

    /// Starts a defined network.
    public func startNetwork(_ name: String) async throws(HypervisorError) {
        try await act("start", network: name, virNetworkCreate)
    }

    /// Stops a network; guests on it lose it. A transient one is then gone.
    public func stopNetwork(_ name: String) async throws(HypervisorError) {
        try await act("stop", network: name, virNetworkDestroy)
    }

    /// Removes the definition of a network.
    public func undefineNetwork(_ name: String) async throws(HypervisorError) {
        try await act("undefine", network: name, virNetworkUndefine)
    }

    /// Whether a network starts with its host.
    public func setNetworkAutostart(_ name: String, _ autostart: Bool) async throws(HypervisorError) {
        try await act("set the autostart of", network: name) { virNetworkSetAutostart($0, autostart ? 1 : 0) }
    }

    private func act(
        _ verb: String, network name: String, _ body: @escaping @Sendable (virNetworkPtr?) -> Int32
    ) async throws(HypervisorError) {
        try await call("\(verb) network \"\(name)\"") { call throws(HypervisorError) -> Void in
            try call.network(name) { network throws(HypervisorError) in _ = try call.check(body(network)) }
        }
    }
}

extension Call {
    func network<Answer>(
        _ name: String, _ body: (virNetworkPtr) throws(HypervisorError) -> Answer
    ) throws(HypervisorError) -> Answer {
        let network = try require(virNetworkLookupByName(connection, name))
        defer { virNetworkFree(network) }
        return try body(network)
    }

    fileprivate func info(ofNetwork network: virNetworkPtr) throws(HypervisorError) -> NetworkInfo {
        let document = try document(virNetworkGetXMLDesc(network, 0))
        var autostart: Int32 = 0
        // A transient network has none.
        virNetworkGetAutostart(network, &autostart)
        return NetworkInfo(
            name: document.first("name")?.text ?? "", uuid: document.first("uuid")?.text ?? "",
            bridge: document.first("bridge")?[attribute: "name"],
            forward: document.first("forward").map { $0[attribute: "mode"] ?? "nat" },
            isActive: try check(virNetworkIsActive(network)) == 1, autostart: autostart != 0,
            isPersistent: try check(virNetworkIsPersistent(network)) == 1)
    }
}
