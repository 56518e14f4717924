package import Hypervisor
package import Inventory
package import Values

/// A volume as it should be in a pool of a host.
package struct VolumeWish: Sendable {
    /// What becomes of a volume of another size.
    package enum Sizing: Sendable {
        /// It is refused.
        case exact
        /// It is made larger; one that is larger already is left as it is.
        case growing
        /// It is left as it is.
        case any
    }

    package var pool: String
    package var spec: VolumeSpec
    package var sizing = Sizing.growing
    /// libvirt's type, which the pool's kind decides; nil for whatever it is.
    package var type: String?
    /// Whether the format was asked for; else a volume that is there may have any.
    package var saysFormat = true

    package init(pool: String, spec: VolumeSpec) {
        self.pool = pool
        self.spec = spec
    }

    /// Reads Salt's arguments of `virt.volume_defined`: `pool, size, allocation` (MiB, or with a unit), `format, type,
    /// permissions, backing_store: {path, format}, nocow`.
    package init(_ name: String, arguments value: Value) throws(Diagnostics) {
        let arguments = try StoreArguments(
            value, of: "the volume \"\(name)\"",
            allowed: [
                "pool", "size", "allocation", "format", "type", "permissions", "backing_store", "nocow", "resize",
            ])
        pool = try arguments.required("pool")
        guard let size = try Self.size(arguments, "size") else {
            throw Diagnostics(.error("\(arguments.subject) needs \"size\"", mark: value.mark))
        }
        let format = try arguments.text("format")
        saysFormat = format != nil
        // What libvirt makes in any kind of pool when it is not told; overlays cannot be that.
        spec = VolumeSpec(
            name: name, capacity: size, format: format ?? (arguments["backing_store"] == nil ? "raw" : "qcow2"))
        spec.allocation = try Self.size(arguments, "allocation")
        spec.isNotCopiedOnWrite = try arguments.truth("nocow") ?? false
        sizing = try arguments.truth("resize") ?? false ? .growing : .exact
        type = try arguments.text("type")
        if let type, !["file", "block", "network", "netdir", "dir"].contains(type) {
            throw arguments.wrong("type", type, "file, block, network, netdir or dir")
        }
        if let permissions = arguments["permissions"] {
            let read = try PoolSpec.Permissions(permissions, of: arguments.subject)
            (spec.mode, spec.owner, spec.group, spec.label) = (read.mode, read.owner, read.group, read.label)
        }
        if let below = arguments["backing_store"] {
            let store = try StoreArguments(
                below, of: "the backing store of \(arguments.subject)", allowed: ["path", "format"])
            spec.backing = VolumeSpec.Backing(
                path: try store.required("path"), format: try store.text("format") ?? "qcow2")
        }
    }

    private static func size(_ arguments: StoreArguments, _ key: String) throws(Diagnostics) -> UInt64? {
        guard let value = arguments[key] else { return nil }
        do throws(Diagnostic) {
            return UInt64(try ByteSize(value).bytes)
        } catch {
            throw Diagnostics(error)
        }
    }
}

/// Makes a volume what it should be. Idempotent; what is in a volume is never touched: one of another format is refused,
/// and none is made smaller.
package struct VolumeConvergence: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Parameter check: nothing is done; the outcome says what would be.
    /// - Throws: `Diagnostics`, ``HostProblem``, ``OperationLocked``, ``FileError``.
    package func converge(_ wish: VolumeWish, on host: Host, check: Bool = false) async throws -> StoreOutcome {
        _ = try wish.spec.xml()
        let name = "\(wish.pool)/\(wish.spec.name)"
        let operation = StoreOperation(context: context, host: host, kind: .volume, name: name)
        return try await driver.visit(host) { connection in
            try await operation.locked {
                var outcome = StoreOutcome(host.name, name, isPredicted: check)
                guard let pool = try await connection.pool(wish.pool) else {
                    throw Diagnostics(try await PoolDeletion.missing(wish.pool, over: connection, host: host))
                }
                guard let there = try await connection.volume(wish.spec.name, in: wish.pool) else {
                    try Self.refuseOtherType(wish, pool, host)
                    outcome.changes = [
                        .init("definition", nil, "\(wish.spec.format) volume"),
                        .init("capacity", nil, Self.size(wish.spec.capacity)),
                    ]
                    if !check { try await make(wish, operation, connection) }
                    return outcome
                }
                try refuse(Self.differences(wish, from: there), wish, host)
                guard there.capacity != wish.spec.capacity else { return outcome }
                let sizes = SpecDifference(
                    "capacity", found: Self.size(there.capacity), wanted: Self.size(wish.spec.capacity))
                if wish.sizing == .exact { try refuse([sizes], wish, host) }
                guard wish.sizing == .growing, there.capacity < wish.spec.capacity else {
                    outcome.consequences = ["the volume \"\(name)\" stays as large as it is: \(sizes.found ?? "")"]
                    return outcome
                }
                outcome.changes = [StoreOutcome.Change(sizes)]
                try await VolumeChange.refuseResize(there, over: connection, host: host)
                if !check { try await grow(wish, operation, connection) }
                return outcome
            }
        }
    }

    private func make(
        _ wish: VolumeWish, _ operation: StoreOperation, _ connection: HypervisorConnection
    ) async throws {
        try await operation.journaled(
            "create", [("pool", Value(wish.pool)), ("volume", Value(wish.spec.name))], over: connection
        ) { log in
            try await operation.making(wish.spec, log) {
                try await connection.createVolume(wish.spec, in: wish.pool)
            }
        }
    }

    private func grow(
        _ wish: VolumeWish, _ operation: StoreOperation, _ connection: HypervisorConnection
    ) async throws {
        let capacity = wish.spec.capacity
        try await operation.journaled(
            "resize",
            [("pool", Value(wish.pool)), ("volume", Value(wish.spec.name)), ("to", Value("\(capacity)"))],
            over: connection
        ) { log in
            try log.record("resizing")
            try await connection.resizeVolume(wish.spec.name, in: wish.pool, to: capacity)
        }
    }

    /// What is said and cannot be changed without losing what is in it.
    private static func differences(_ wish: VolumeWish, from there: VolumeInfo) -> [SpecDifference] {
        let spec = wish.spec
        let wanted: [(String, String?, String?)] = [
            ("type", there.type, wish.type),
            ("format", there.format, there.format == nil || !wish.saysFormat ? nil : spec.format),
            ("backing_store", there.backing?.path, spec.backing?.path),
            ("permissions.mode", octal(there.permissions.mode), spec.mode.map { octal($0) ?? "" }),
            ("permissions.owner", there.permissions.owner.map { "\($0)" }, spec.owner.map { "\($0)" }),
            ("permissions.group", there.permissions.group.map { "\($0)" }, spec.group.map { "\($0)" }),
        ]
        return wanted.compactMap { property, found, wanted in
            guard let wanted else { return nil }
            return found == wanted ? nil : SpecDifference(property, found: found, wanted: wanted)
        }
    }

    /// libvirt takes the type of a new volume from its pool, whatever it is told.
    private static func refuseOtherType(_ wish: VolumeWish, _ pool: PoolInfo, _ host: Host) throws(Diagnostics) {
        guard let type = wish.type, let kind = PoolSpec.Kind(rawValue: pool.type) else { return }
        let made =
            switch kind {
            case .dir, .fs, .netfs, .vstorage: wish.spec.format == "dir" ? "dir" : "file"
            case .logical, .disk, .iscsi, .scsi, .mpath, .zfs: "block"
            case .rbd, .gluster, .iscsiDirect: "network"
            }
        guard type != made else { return }
        throw Diagnostics(
            .error(
                "the volume \"\(wish.spec.name)\" cannot be of type \"\(type)\"",
                detail: "the volumes of a \(pool.type) pool are of type \"\(made)\"", hint: "leave \"type\" out",
                host: host.name))
    }

    private static func octal(_ mode: UInt32?) -> String? { mode.map { "0" + String($0, radix: 8) } }

    private func refuse(_ differences: [SpecDifference], _ wish: VolumeWish, _ host: Host) throws(Diagnostics) {
        guard !differences.isEmpty else { return }
        throw Diagnostics(
            .error(
                "there is another volume \"\(wish.spec.name)\" in the pool \"\(wish.pool)\"",
                detail: differences.map { StoreOutcome.Change($0).text }.joined(separator: "\n"),
                hint: differences.contains { $0.property == "capacity" }
                    ? "`drover pool volume resize` changes its size" : "choose another name, or delete that one",
                host: host.name))
    }

    /// In the shortest exact form; odd bytes as they are.
    static func size(_ bytes: UInt64) -> String {
        bytes % 1024 == 0 ? ByteSize(bytes: Int(clamping: bytes)).description : "\(bytes) bytes"
    }
}
