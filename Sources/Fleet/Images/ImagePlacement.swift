package import Hypervisor
package import Inventory
internal import Values

/// Brings an image to a host's pool, once: uploaded under another name, verified there, and renamed when it is whole.
package struct ImagePlacement: Sendable {
    private let connector: any Connector
    private let pool: String

    package init(connector: any Connector, pool: String) {
        self.connector = connector
        self.pool = pool
    }

    /// The image's volume on the host.
    /// - Parameters:
    ///   - willMake: told of the volume that the upload goes to, before it is made: what a journal needs to know.
    ///   - progress: bytes sent and bytes in all, while it is uploaded.
    /// - Throws: `HostProblem`; then no part of it is left.
    package func place(
        _ image: StoredImage, on host: Host, over connection: HypervisorConnection,
        willMake: (String) throws -> Void = { _ in },
        progress: @escaping @Sendable (UInt64, UInt64) -> Void = { _, _ in }
    ) async throws -> VolumeInfo {
        if let there = try await connection.volume(image.volumeName, in: pool) { return there }
        if let there = try await unlisted(image, on: host, over: connection) { return there }
        let part = "\(image.volumeName).\(Nonce.make().prefix(8)).part"
        let spec = VolumeSpec(name: part, capacity: UInt64(image.fileSize), format: "raw", mode: 0o600)
        try willMake(part)
        let volume = try await connection.createVolume(spec, in: pool)
        do {
            try await connection.upload(image.path, to: part, in: pool) { progress($0.sent, $0.total) }
            try await verifyAndRename(volume.path, image, on: host)
            try await connection.refreshPool(pool)
        } catch {
            await Self.remove(part, in: pool, over: connection)
            throw error
        }
        guard let placed = try await connection.volume(image.volumeName, in: pool) else {
            throw HostProblem(.failed, .error("the image \"\(image.name)\" vanished after its upload", host: host.name))
        }
        return placed
    }

    /// One that libvirt has not seen yet: it was renamed, and whoever did that was cut off behind it. Only whole images get
    /// their name.
    private func unlisted(
        _ image: StoredImage, on host: Host, over connection: HypervisorConnection
    ) async throws -> VolumeInfo? {
        guard let script = try await image.search(in: pool, over: connection) else { return nil }
        let shell = try await connector.connect(to: host)
        let said: String
        do {
            said = try await script.run(on: shell, host: host.name, doing: StoredImage.searching)
            await shell.close()
        } catch {
            await shell.close()
            throw error
        }
        return said.isEmpty ? nil : try await image.listed(in: pool, over: connection)
    }

    /// Undoing must not be cut short because the task was cancelled.
    private static func remove(_ volume: String, in pool: String, over connection: HypervisorConnection) async {
        await Task { _ = try? await connection.deleteVolume(volume, in: pool) }.value
    }

    private func verifyAndRename(_ path: String, _ image: StoredImage, on host: Host) async throws {
        let connection = try await connector.connect(to: host)
        let script = HostScript(
            variables: [
                ("part", path), ("whole", DiskPath.join(DiskPath.parent(path), image.volumeName)),
                ("digest", image.digest),
            ],
            """
            found=$(sha256sum -- "$part") || exit 1
            [ "${found%% *}" = "$digest" ] || { echo "its SHA-256 is ${found%% *}, not $digest"; exit 1; }
            chmod 0400 -- "$part" && mv -f -- "$part" "$whole"
            """)
        do {
            try await script.run(on: connection, host: host.name, doing: "verify the uploaded image \"\(image.name)\"")
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }
}
