internal import CLibvirt
internal import Glibc

/// A storage pool as its host reports it.
public struct PoolInfo: Sendable, Hashable {
    public var name: String
    public var uuid: String
    /// libvirt's type, such as `dir`.
    public var type: String
    /// Where its volumes are; nil for a pool without a path.
    public var path: String?
    public var isActive: Bool
    public var autostart: Bool
    /// Whether its definition outlives its being stopped.
    public var isPersistent: Bool
    /// In bytes; 0 while it is not active.
    public var capacity: UInt64
    public var allocation: UInt64
    public var available: UInt64

    public init(
        name: String, uuid: String = "", type: String = "dir", path: String?, isActive: Bool = true,
        autostart: Bool = true, isPersistent: Bool = true, capacity: UInt64 = 0, allocation: UInt64 = 0,
        available: UInt64 = 0
    ) {
        self.name = name
        self.uuid = uuid
        self.type = type
        self.path = path
        self.isActive = isActive
        self.autostart = autostart
        self.isPersistent = isPersistent
        self.capacity = capacity
        self.allocation = allocation
        self.available = available
    }
}

extension HypervisorConnection {
    /// The names of all pools, active or not.
    public func poolNames() async throws(HypervisorError) -> [String] {
        try await pools().map(\.name)
    }

    /// All pools, sorted by name. One that vanishes meanwhile is left out.
    public func pools() async throws(HypervisorError) -> [PoolInfo] {
        try await call("list pools") { call throws(HypervisorError) in
            let list = try call.each(
                { virConnectListAllStoragePools(call.connection, $0, 0) }, release: virStoragePoolFree,
                { pool throws(HypervisorError) -> PoolInfo? in
                    do throws(HypervisorError) {
                        return try call.info(ofPool: pool)
                    } catch {
                        guard error.code == .noPool else { throw error }
                        return nil
                    }
                })
            return list.sorted { $0.name < $1.name }
        }
    }

    /// The pool of that name; nil when there is none.
    public func pool(_ name: String) async throws(HypervisorError) -> PoolInfo? {
        try await orNil(.noPool) { () throws(HypervisorError) in
            try await withPool("look up", name) { call, pool throws(HypervisorError) in try call.info(ofPool: pool) }
        }
    }

    /// The definition that a pool starts with, as libvirt writes it; nil when there is none.
    public func poolDocument(_ name: String) async throws(HypervisorError) -> XMLElement? {
        try await orNil(.noPool) { () throws(HypervisorError) in
            try await withPool("read the definition of", name) { call, pool throws(HypervisorError) in
                try call.definition { virStoragePoolGetXMLDesc(pool, $0) }
            }
        }
    }

    /// Makes sure that a directory pool is defined, built, active and started with its host. Returns it.
    ///
    /// A pool of that name with another path is refused rather than changed: volumes may be in it.
    @discardableResult
    public func createDirectoryPool(_ spec: PoolSpec) async throws(HypervisorError) -> PoolInfo {
        let xml = try spec.xml()
        return try await longCall("make pool \"\(spec.name)\"") { call throws(HypervisorError) in
            let pool = try call.pool(named: spec.name, orDefinedBy: xml)
            defer { virStoragePoolFree(pool) }
            let info = try call.info(ofPool: pool)
            guard info.type == "dir", info.path == spec.target else {
                let there = "\(info.type) pool at \"\(info.path ?? "")\""
                throw call.failure(.invalidRequest, "there is a \(there) of that name, wanted \"\(spec.target ?? "")\"")
            }
            if !info.isActive { try call.buildAndStart(pool) }
            if !info.autostart { try call.check(virStoragePoolSetAutostart(pool, 1)) }
            return try call.info(ofPool: pool)
        }
    }

    /// Starts a defined pool.
    public func startPool(_ name: String) async throws(HypervisorError) {
        try await act("start", pool: name) { virStoragePoolCreate($0, 0) }
    }

    /// Stops a pool; its volumes stay. A transient one is then gone.
    public func stopPool(_ name: String) async throws(HypervisorError) {
        try await act("stop", pool: name, virStoragePoolDestroy)
    }

    /// Removes the definition of a stopped pool; its volumes stay.
    public func undefinePool(_ name: String) async throws(HypervisorError) {
        try await act("undefine", pool: name, virStoragePoolUndefine)
    }

    /// Makes libvirt look at the storage again. While a volume is being made or copied in the pool it refuses that: this
    /// waits for as long as that takes.
    /// - Parameter patience: waits no longer than that, and throws then.
    public func refreshPool(_ name: String, patience: Duration? = nil) async throws(HypervisorError) {
        let began = ContinuousClock.now
        for attempt in 1... {
            do throws(HypervisorError) {
                return try await act("refresh", pool: name) { virStoragePoolRefresh($0, 0) }
            } catch {
                guard error.message.contains("asynchronous jobs running") else { throw error }
                var busy = error
                busy.hint = "a volume is being made or copied there: try again when that is done"
                if let patience, ContinuousClock.now - began >= patience { throw busy }
                if (try? await Task.sleep(for: .milliseconds(min(1000, attempt * 100)))) == nil { throw busy }
            }
        }
    }

    private func act(
        _ verb: String, pool name: String, _ body: @escaping @Sendable (virStoragePoolPtr?) -> Int32
    ) async throws(HypervisorError) {
        // Mounts, logins and scans of devices may take long.
        try await longCall("\(verb) pool \"\(name)\"") { call throws(HypervisorError) -> Void in
            try call.pool(name) { pool throws(HypervisorError) in _ = try call.check(body(pool)) }
        }
    }

    func withPool<Answer: Sendable>(
        _ verb: String, _ name: String,
        _ body: @escaping @Sendable (Call, virStoragePoolPtr) throws(HypervisorError) -> Answer
    ) async throws(HypervisorError) -> Answer {
        try await call("\(verb) pool \"\(name)\"") { call throws(HypervisorError) in
            try call.pool(name) { pool throws(HypervisorError) in try body(call, pool) }
        }
    }
}

extension Call {
    /// Looks the pool up and releases it behind `body`.
    func pool<Answer>(
        _ name: String, _ body: (virStoragePoolPtr) throws(HypervisorError) -> Answer
    ) throws(HypervisorError) -> Answer {
        let pool = try require(virStoragePoolLookupByName(connection, name))
        defer { virStoragePoolFree(pool) }
        return try body(pool)
    }

    func info(ofPool pool: virStoragePoolPtr) throws(HypervisorError) -> PoolInfo {
        let document = try document(virStoragePoolGetXMLDesc(pool, 0))
        var info = virStoragePoolInfo()
        try check(virStoragePoolGetInfo(pool, &info))
        var autostart: Int32 = 0
        // A transient pool has none.
        virStoragePoolGetAutostart(pool, &autostart)
        let isActive = try check(virStoragePoolIsActive(pool)) == 1
        return PoolInfo(
            name: document.first("name")?.text ?? "", uuid: document.first("uuid")?.text ?? "",
            type: document[attribute: "type"] ?? "", path: document.first("target", "path")?.text, isActive: isActive,
            autostart: autostart != 0, isPersistent: try check(virStoragePoolIsPersistent(pool)) == 1,
            capacity: info.capacity, allocation: info.allocation, available: info.available)
    }

    /// What an object will be at its next start; what it is, of a driver that knows no other.
    func definition(
        _ read: (UInt32) -> UnsafeMutablePointer<CChar>?
    ) throws(HypervisorError) -> XMLElement {
        // Pools and networks have one number for it.
        if let text = read(VIR_NETWORK_XML_INACTIVE.rawValue) { return try document(text) }
        guard failure().code == .invalidArgument else { throw failure() }
        return try document(read(0))
    }
}

extension Call {
    /// The pool of a name, defined if there is none. Somebody else may define it between the two.
    fileprivate func pool(named name: String, orDefinedBy xml: String) throws(HypervisorError) -> OpaquePointer {
        if let found = virStoragePoolLookupByName(connection, name) { return found }
        if let defined = virStoragePoolDefineXML(connection, xml, 0) { return defined }
        let failure = failure()
        guard let found = virStoragePoolLookupByName(connection, name) else { throw failure }
        return found
    }

    /// Building makes the directory, and accepts one that is there. Several that want the same pool at once are all
    /// content once it is active, whoever started it.
    fileprivate func buildAndStart(_ pool: OpaquePointer) throws(HypervisorError) {
        for attempt in 0... {
            if virStoragePoolBuild(pool, 0) == 0, virStoragePoolCreate(pool, 0) == 0 { return }
            let failure = failure()
            if try info(ofPool: pool).isActive { return }
            let isBusy = failure.code == .operationInvalid || failure.message.contains("asynchronous jobs")
            guard isBusy, attempt < 50 else { throw failure }
            usleep(100_000)
        }
    }
}
