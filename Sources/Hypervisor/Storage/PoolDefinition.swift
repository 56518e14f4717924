internal import CLibvirt

/// How a pool's storage is prepared before its first start.
public enum PoolBuild: Sendable, Hashable {
    /// Directories only; on devices, whatever libvirt does without being told more.
    case plain
    /// Devices are formatted if nothing is on them.
    case keepingContent
    /// Devices are formatted whatever is on them.
    case overwriting

    fileprivate var flags: UInt32 {
        switch self {
        case .plain: VIR_STORAGE_POOL_BUILD_NEW.rawValue
        case .keepingContent: VIR_STORAGE_POOL_BUILD_NO_OVERWRITE.rawValue
        case .overwriting: VIR_STORAGE_POOL_BUILD_OVERWRITE.rawValue
        }
    }
}

extension HypervisorConnection {
    /// Defines a pool, or changes the definition that it starts with next time; its UUID must then be the one it has.
    public func definePool(xml: String) async throws(HypervisorError) {
        try await call("define a pool") { call throws(HypervisorError) -> Void in
            virStoragePoolFree(try call.require(virStoragePoolDefineXML(call.connection, xml, 0)))
        }
    }

    /// Starts a pool that is gone once it is stopped.
    /// - Parameter isBuilt: whether its directory is made first.
    public func createTransientPool(xml: String, building isBuilt: Bool) async throws(HypervisorError) {
        let flags = isBuilt ? VIR_STORAGE_POOL_CREATE_WITH_BUILD.rawValue : 0
        try await longCall("start a transient pool") { call throws(HypervisorError) -> Void in
            virStoragePoolFree(try call.require(virStoragePoolCreateXML(call.connection, xml, flags)))
        }
    }

    /// Prepares the storage of a stopped pool.
    public func buildPool(_ name: String, _ build: PoolBuild) async throws(HypervisorError) {
        try await longCall("build pool \"\(name)\"") { call throws(HypervisorError) -> Void in
            try call.pool(name) { pool throws(HypervisorError) in
                _ = try call.check(virStoragePoolBuild(pool, build.flags))
            }
        }
    }

    /// Removes the storage of a stopped pool: the empty directory, the volume group.
    public func deletePoolStorage(_ name: String) async throws(HypervisorError) {
        try await longCall("delete the storage of pool \"\(name)\"") { call throws(HypervisorError) -> Void in
            try call.pool(name) { pool throws(HypervisorError) in _ = try call.check(virStoragePoolDelete(pool, 0)) }
        }
    }

    /// Whether a pool starts with its host.
    public func setPoolAutostart(_ name: String, _ autostart: Bool) async throws(HypervisorError) {
        try await withPool("set the autostart of", name) { call, pool throws(HypervisorError) -> Void in
            _ = try call.check(virStoragePoolSetAutostart(pool, autostart ? 1 : 0))
        }
    }
}
