internal import CLibvirt

/// A volume as its host reports it.
public struct VolumeInfo: Sendable, Hashable {
    public var name: String
    public var path: String
    /// The pool it is in; nil when it was looked up by its path and the pool was not asked for.
    public var pool: String?
    public var format: String?
    /// The size that a guest sees, in bytes.
    public var capacity: UInt64
    /// What it takes of the storage, in bytes.
    public var allocation: UInt64
    /// How long the file is, in bytes; nil when the driver does not say.
    public var physical: UInt64?
    /// The image below it, if any.
    public var backing: VolumeSpec.Backing?
    /// libvirt's type: `file`, `block`, `dir`, `network`.
    public var type = "file"
    public var permissions = PoolSpec.Permissions()

    public init(
        name: String, path: String, pool: String? = nil, format: String? = nil, capacity: UInt64,
        allocation: UInt64 = 0, physical: UInt64? = nil, backing: VolumeSpec.Backing? = nil
    ) {
        self.name = name
        self.path = path
        self.pool = pool
        self.format = format
        self.capacity = capacity
        self.allocation = allocation
        self.physical = physical
        self.backing = backing
    }
}

extension HypervisorConnection {
    /// The volumes of an active pool, sorted by name. One that vanishes meanwhile is left out.
    public func volumes(in pool: String) async throws(HypervisorError) -> [VolumeInfo] {
        try await longCall("list the volumes of pool \"\(pool)\"") { call throws(HypervisorError) in
            try call.pool(pool) { found throws(HypervisorError) in
                let list = try call.each(
                    { virStoragePoolListAllVolumes(found, $0, 0) }, release: virStorageVolFree,
                    { volume throws(HypervisorError) -> VolumeInfo? in
                        do throws(HypervisorError) {
                            return try call.info(ofVolume: volume, pool: pool)
                        } catch {
                            guard error.code == .noVolume else { throw error }
                            return nil
                        }
                    })
                return list.sorted { $0.name < $1.name }
            }
        }
    }

    /// The volume of that name; nil when the pool has none.
    public func volume(_ name: String, in pool: String) async throws(HypervisorError) -> VolumeInfo? {
        try await orNil(.noVolume) { () throws(HypervisorError) in
            try await call("look up volume \"\(name)\" in pool \"\(pool)\"") { call throws(HypervisorError) in
                try call.volume(name, in: pool) { volume throws(HypervisorError) in
                    try call.info(ofVolume: volume, pool: pool)
                }
            }
        }
    }

    /// A volume's definition, as libvirt writes it; nil when the pool has none of that name.
    public func volumeDocument(_ name: String, in pool: String) async throws(HypervisorError) -> XMLElement? {
        try await orNil(.noVolume) { () throws(HypervisorError) in
            try await call("read the definition of volume \"\(name)\"") { call throws(HypervisorError) in
                try call.volume(name, in: pool) { volume throws(HypervisorError) in
                    try call.document(virStorageVolGetXMLDesc(volume, 0))
                }
            }
        }
    }

    /// The volume at that path in any active pool; nil when no pool knows one.
    public func volume(path: String) async throws(HypervisorError) -> VolumeInfo? {
        try await orNil(.noVolume) { () throws(HypervisorError) in
            try await call("look up volume \"\(path)\"") { call throws(HypervisorError) in
                let volume = try call.require(virStorageVolLookupByPath(call.connection, path))
                defer { virStorageVolFree(volume) }
                let pool = try call.require(virStoragePoolLookupByVolume(volume))
                defer { virStoragePoolFree(pool) }
                return try call.info(ofVolume: volume, pool: virStoragePoolGetName(pool).map { String(cString: $0) })
            }
        }
    }

    /// Makes a volume.
    public func createVolume(_ spec: VolumeSpec, in pool: String) async throws(HypervisorError) -> VolumeInfo {
        try await createVolume(xml: spec.xml(), in: pool)
    }

    /// Makes a volume from libvirt's own description of one.
    public func createVolume(xml: String, in pool: String) async throws(HypervisorError) -> VolumeInfo {
        try await longCall("make a volume in pool \"\(pool)\"") { call throws(HypervisorError) in
            try call.pool(pool) { found throws(HypervisorError) in
                let volume = try call.require(virStorageVolCreateXML(found, xml, 0))
                defer { virStorageVolFree(volume) }
                return try call.info(ofVolume: volume, pool: pool)
            }
        }
    }

    /// Makes a volume by copying another, of the same pool unless `origin` names another.
    public func cloneVolume(
        _ source: String, from origin: String? = nil, as spec: VolumeSpec, in pool: String
    ) async throws(HypervisorError) -> VolumeInfo {
        let xml = try spec.xml()
        return try await longCall("copy volume \"\(source)\" to \"\(spec.name)\"") { call throws(HypervisorError) in
            try call.pool(pool) { found throws(HypervisorError) in
                try call.volume(source, in: origin ?? pool) { original throws(HypervisorError) in
                    let volume = try call.require(virStorageVolCreateXMLFrom(found, xml, original, 0))
                    defer { virStorageVolFree(volume) }
                    return try call.info(ofVolume: volume, pool: pool)
                }
            }
        }
    }

    /// Makes a volume larger, or smaller if `isShrunk`: what is behind the new end is then lost.
    public func resizeVolume(
        _ name: String, in pool: String, to capacity: UInt64, shrinking isShrunk: Bool = false
    ) async throws(HypervisorError) {
        let flags = isShrunk ? VIR_STORAGE_VOL_RESIZE_SHRINK.rawValue : 0
        try await longCall("resize volume \"\(name)\" in pool \"\(pool)\"") { call throws(HypervisorError) -> Void in
            try call.volume(name, in: pool) { volume throws(HypervisorError) in
                _ = try call.check(virStorageVolResize(volume, capacity, flags))
            }
        }
    }

    /// Overwrites a volume with zeros, so that what is in it cannot be read back by ordinary means.
    public func wipeVolume(_ name: String, in pool: String) async throws(HypervisorError) {
        try await longCall("wipe volume \"\(name)\" in pool \"\(pool)\"") { call throws(HypervisorError) -> Void in
            try call.volume(name, in: pool) { volume throws(HypervisorError) in
                _ = try call.check(virStorageVolWipe(volume, 0))
            }
        }
    }

    /// Deletes a volume and what is in it. False when there was none.
    @discardableResult
    public func deleteVolume(_ name: String, in pool: String) async throws(HypervisorError) -> Bool {
        let deleted: Void? = try await orNil(.noVolume) { () throws(HypervisorError) -> Void in
            try await longCall("delete volume \"\(name)\" in pool \"\(pool)\"") { call throws(HypervisorError) in
                try call.volume(name, in: pool) { volume throws(HypervisorError) in
                    _ = try call.check(virStorageVolDelete(volume, 0))
                }
            }
        }
        return deleted != nil
    }
}

extension Call {
    /// Looks the volume up and releases it behind `body`.
    func volume<Answer>(
        _ name: String, in pool: String, _ body: (virStorageVolPtr) throws(HypervisorError) -> Answer
    ) throws(HypervisorError) -> Answer {
        try self.pool(pool) { found throws(HypervisorError) in
            let volume = try require(virStorageVolLookupByName(found, name))
            defer { virStorageVolFree(volume) }
            return try body(volume)
        }
    }

    func info(ofVolume volume: virStorageVolPtr, pool: String?) throws(HypervisorError) -> VolumeInfo {
        let document = try document(virStorageVolGetXMLDesc(volume, 0))
        func bytes(_ name: String) -> UInt64 {
            document.first(name).flatMap { element in
                element[attribute: "unit"] == nil
                    ? UInt64(element.text) : DomainDescription.bytes(element).flatMap(UInt64.init(exactly:))
            } ?? 0
        }
        let backing = document.first("backingStore").flatMap { below -> VolumeSpec.Backing? in
            below.first("path").map { path in
                VolumeSpec.Backing(path: path.text, format: below.first("format")?[attribute: "type"] ?? "raw")
            }
        }
        var info = VolumeInfo(
            name: document.first("name")?.text ?? "", path: document.first("target", "path")?.text ?? "", pool: pool,
            format: document.first("target", "format")?[attribute: "type"], capacity: bytes("capacity"),
            allocation: bytes("allocation"), physical: document.first("physical") == nil ? nil : bytes("physical"),
            backing: backing)
        info.type = document[attribute: "type"] ?? "file"
        info.permissions = document.first("target", "permissions").map(PoolSpec.Permissions.init) ?? info.permissions
        return info
    }
}
