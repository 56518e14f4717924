internal import Hypervisor
internal import Inventory
internal import Values

/// A host that takes part in a push: its libvirt, its shell, and the volume that the image grows in.
struct PushSeat: Sendable {
    let host: Host
    let hypervisor: HypervisorConnection
    private let connection: any HostConnection
    /// A script at a time runs over each.
    private let channels: [RunChannel]
    let pool: String
    /// What it has the image in, whole or not; others fetch from there.
    let volume: VolumeInfo
    /// Whether the image was here before.
    let isComplete: Bool

    /// - Parameter willMake: told of a volume's name before it is made.
    static func take(
        _ host: Host, _ image: StoredImage, pool: String, lanes: Int, _ connector: any Connector,
        _ driver: any HypervisorDriver, willMake: @Sendable (String) throws -> Void
    ) async throws -> PushSeat {
        let hypervisor = try await driver.connect(to: host)
        var opened: (any HostConnection)?
        do {
            let connection = try await connector.connect(to: host)
            opened = connection
            var channels: [RunChannel] = []
            for _ in 0..<lanes { channels.append(try await RunChannel.open(on: connection, host: host.name)) }
            // Last: nothing can fail behind it.
            let (volume, isComplete) = try await grounds(host, image, pool, hypervisor, channels[0], willMake)
            return PushSeat(
                host: host, hypervisor: hypervisor, connection: connection, channels: channels, pool: pool,
                volume: volume, isComplete: isComplete)
        } catch {
            await opened?.close()
            await hypervisor.close()
            throw (error as? HypervisorError).map { HostProblem($0, host: host.name) } ?? error
        }
    }

    private static func grounds(
        _ host: Host, _ image: StoredImage, _ pool: String, _ hypervisor: HypervisorConnection, _ channel: RunChannel,
        _ willMake: @Sendable (String) throws -> Void
    ) async throws -> (VolumeInfo, Bool) {
        if try await hypervisor.pool(pool) == nil, pool == ImagePush.standardPool.name {
            try await hypervisor.createDirectoryPool(ImagePush.standardPool)
        }
        var found = try await hypervisor.volume(image.volumeName, in: pool)
        // Somebody may have been cut off between its renaming and libvirt's looking again.
        if found == nil, let search = try await image.search(in: pool, over: hypervisor),
            try await !search.run(over: channel, doing: StoredImage.searching).isEmpty
        {
            found = try await image.listed(in: pool, over: hypervisor)
        }
        if let there = found {
            guard there.physical ?? UInt64(image.fileSize) == UInt64(image.fileSize) else {
                throw HostProblem(
                    .failed,
                    .error(
                        "the image's volume \"\(image.volumeName)\" is not whole",
                        detail: "it has \(there.physical ?? 0) bytes of \(image.fileSize)",
                        hint: "remove it with `drover image remove \(image.name) -t \(host.name)`", host: host.name))
            }
            return (there, true)
        }
        let part = "\(image.volumeName).\(Nonce.make().prefix(8)).part"
        try willMake(part)
        let spec = VolumeSpec(name: part, capacity: UInt64(image.fileSize), format: "raw", mode: 0o600)
        do {
            return (try await hypervisor.createVolume(spec, in: pool), false)
        } catch {
            _ = try? await hypervisor.deleteVolume(part, in: pool)
            throw error
        }
    }

    /// Fetches a piece from another host's volume over TLS, with this host's own certificate.
    ///
    /// The piece goes through a file without a name, because virsh writes files from their beginning; whatever ends this
    /// leaves nothing. `nocreat`: nobody may bring back a part that was removed meanwhile.
    func fetch(_ piece: Range<UInt64>, from other: PushSeat, lane: Int) async throws {
        let source = try HypervisorURI.tls(address: other.host.address, pkiDirectory: nil).text
        let script = HostScript(
            variables: [
                ("source", source), ("pool", other.pool), ("volume", other.volume.name), ("part", volume.path),
                ("folder", DiskPath.parent(volume.path)), ("offset", "\(piece.lowerBound)"),
                ("length", "\(piece.count)"), ("block", "\(ImagePieces.alignment)"),
                ("seek", "\(piece.lowerBound / ImagePieces.alignment)"),
            ],
            """
            umask 077
            piece=$folder/.drover-piece.$$
            exec 9<>"$piece" || exit 1
            rm -f -- "$piece"
            virsh -q -k 3 -K 5 -c "$source" vol-download --pool "$pool" --vol "$volume" --file /dev/fd/9 \\
                --offset "$offset" --length "$length" --sparse </dev/null || exit 1
            size=$(wc -c </dev/fd/9)
            [ "$size" -eq "$length" ] || { echo "$size bytes arrived instead of $length"; exit 1; }
            dd if=/dev/fd/9 of="$part" bs="$block" seek="$seek" conv=notrunc,nocreat,sparse status=none
            """)
        try await script.run(over: channels[lane], doing: "fetch a piece from \(other.host.name)")
    }

    /// Compares the whole volume with the image's digest.
    func verify(_ image: StoredImage) async throws {
        let script = HostScript(
            variables: [("part", volume.path), ("digest", image.digest)],
            """
            found=$(sha256sum -- "$part") || exit 1
            [ "${found%% *}" = "$digest" ] || { echo "its SHA-256 is ${found%% *}, not $digest"; exit 1; }
            sync -- "$part" 2>/dev/null || sync
            """)
        try await script.run(over: channels[0], doing: "verify the image \"\(image.name)\"")
    }

    /// Gives the verified volume the image's name.
    func publish(_ image: StoredImage) async throws {
        let script = HostScript(
            variables: [
                ("part", volume.path), ("whole", DiskPath.join(DiskPath.parent(volume.path), image.volumeName)),
            ],
            #"chmod 0400 -- "$part" && mv -f -- "$part" "$whole""#)
        try await script.run(over: channels[0], doing: "keep the image \"\(image.name)\"")
        try await hypervisor.refreshPool(pool)
    }

    /// Removes what has grown here. False when that cannot be known.
    func removePart() async -> Bool {
        guard !isComplete else { return true }
        do {
            try await hypervisor.deleteVolume(volume.name, in: pool)
            return true
        } catch {
            return false
        }
    }

    func close() async {
        for channel in channels { await channel.close() }
        await connection.close()
        await hypervisor.close()
    }
}
