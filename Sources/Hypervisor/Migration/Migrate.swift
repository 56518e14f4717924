internal import CLibvirt

extension HypervisorConnection {
    /// Migrates a domain away from this host, and returns when libvirt says that it is done.
    ///
    /// Neither success nor an error is the truth about where the guest runs: ask both hosts, and `MigrationTruth`.
    /// Meanwhile this connection answers `jobStats`, `setMaxDowntime` and `abortJob`. Cancelling the task does not stop
    /// the migration, which belongs to the hosts: that is what `abortJob` is for.
    public func migrate(_ domain: DomainReference, _ request: MigrationRequest) async throws(HypervisorError) {
        let operation = "migrate \(domain) to \(request.destinationURI.host)"
        try Self.check(request, operation)
        try await longCall(operation) { call throws(HypervisorError) -> Void in
            let parameters = try call.parameters(of: request)
            try call.domain(domain) { found throws(HypervisorError) in
                let status = virDomainMigrateToURI3(
                    found, request.destinationURI.text, parameters.parameters, UInt32(parameters.count), request.flags)
                _ = try call.check(status)
            }
        }
    }

    private static func check(_ request: MigrationRequest, _ operation: String) throws(HypervisorError) {
        if request.offline {
            guard request.storage == .shared else {
                throw .invalid(operation, "an offline migration copies no disks")
            }
            guard request.persistent else { throw .invalid(operation, "an offline migration must define the domain") }
        }
        if let connections = request.parallelConnections, !(1...255).contains(connections) {
            throw .invalid(operation, "parallel connections must be 1 to 255, found \(connections)")
        }
        if request.postcopy, request.paused {
            throw .invalid(operation, "a guest that is to arrive paused cannot run before its memory is there")
        }
        if request.parallelConnections == nil, !Set(request.compression).isDisjoint(with: ["zlib", "zstd"]) {
            throw .invalid(operation, "zlib and zstd need parallel connections")
        }
        if request.storage == .shared, !request.migrateDisks.isEmpty {
            throw .invalid(operation, "disks to copy are named, but no copy is asked for")
        }
        if request.persistent, request.destinationXML != nil, request.persistentXML == nil {
            throw .invalid(operation, "a definition for the running domain is given, but none for its next start")
        }
    }
}

extension MigrationRequest {
    /// libvirt's flags.
    var flags: UInt32 {
        var flags = VIR_MIGRATE_PEER2PEER.rawValue
        func add(_ flag: virDomainMigrateFlags, if wanted: Bool) {
            if wanted { flags |= flag.rawValue }
        }
        add(VIR_MIGRATE_OFFLINE, if: offline)
        add(VIR_MIGRATE_PERSIST_DEST, if: persistent)
        add(VIR_MIGRATE_UNDEFINE_SOURCE, if: persistent)
        guard !offline else { return flags }
        add(VIR_MIGRATE_LIVE, if: live)
        add(VIR_MIGRATE_PAUSED, if: paused)
        add(VIR_MIGRATE_TLS, if: tls)
        add(VIR_MIGRATE_ABORT_ON_ERROR, if: abortOnError)
        add(VIR_MIGRATE_AUTO_CONVERGE, if: autoConverge && live)
        add(VIR_MIGRATE_COMPRESSED, if: !compression.isEmpty)
        add(VIR_MIGRATE_POSTCOPY, if: postcopy || resumingPostcopy)
        add(VIR_MIGRATE_POSTCOPY_RESUME, if: resumingPostcopy)
        add(VIR_MIGRATE_PARALLEL, if: parallelConnections != nil)
        add(VIR_MIGRATE_NON_SHARED_DISK, if: storage == .full)
        add(VIR_MIGRATE_NON_SHARED_INC, if: storage == .incremental)
        return flags
    }
}

extension Call {
    fileprivate func parameters(of request: MigrationRequest) throws(HypervisorError) -> TypedParameterList {
        let list = TypedParameterList(for: self)
        try list.add(VIR_MIGRATE_PARAM_DEST_XML, request.destinationXML)
        try list.add(VIR_MIGRATE_PARAM_PERSIST_XML, request.persistentXML)
        guard !request.offline else { return list }
        try list.add(VIR_MIGRATE_PARAM_URI, request.migrateURI)
        try list.add(VIR_MIGRATE_PARAM_LISTEN_ADDRESS, request.listenAddress)
        try list.add(VIR_MIGRATE_PARAM_BANDWIDTH, request.bandwidthMiB)
        try list.add(VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, request.parallelConnections.map(Int32.init))
        if request.tls { try list.add(VIR_MIGRATE_PARAM_TLS_DESTINATION, request.tlsDestination) }
        for method in request.compression { try list.add(VIR_MIGRATE_PARAM_COMPRESSION, method) }
        if request.postcopy { try list.add(VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY, request.bandwidthMiB) }
        guard request.storage != .shared else { return list }
        try list.add(VIR_MIGRATE_PARAM_DISKS_URI, request.disksURI)
        for disk in request.migrateDisks { try list.add(VIR_MIGRATE_PARAM_MIGRATE_DISKS, disk) }
        return list
    }
}
