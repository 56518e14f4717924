internal import Hypervisor
internal import Inventory
internal import Values

/// Copies files from one host to the other, over TLS with the hosts' own certificates: past the controller, sparse, and
/// compared by SHA-256 at the end.
struct HostTransfer: Sendable {
    let hosts: MigrationHosts
    let operation: String

    struct File: Sendable, Hashable {
        /// The same on both hosts. At the destination it is there already, empty, and this operation's own.
        let path: String
        let size: UInt64
    }

    /// One after the other: a second stream would share the same link.
    func copy(_ files: [File], tell: @escaping @Sendable (UInt64) -> Void = { _ in }) async throws {
        let pools = try await pools(for: files)
        do {
            var moved: UInt64 = 0
            for file in files {
                try Task.checkCancellation()
                try await copy(file) { [moved] in tell(moved + $0) }
                moved += file.size
            }
        } catch {
            await remove(pools)
            throw error
        }
        await remove(pools)
    }

    private func copy(_ file: File, tell: @escaping @Sendable (UInt64) -> Void) async throws {
        // Read while it is copied: what the one has fetched is still in the source's memory for the other.
        async let expected = Self.digest(file.path, hosts.source)
        let watch = Task { await watchGrowth(of: file.path, tell: tell) }
        defer { watch.cancel() }
        do {
            try await download(file)
        } catch {
            _ = await expected
            throw error
        }
        let found = try await Self.digest(file.path, hosts.destination).get()
        let wanted = try await expected.get()
        guard found == wanted else {
            throw Diagnostics(
                .error(
                    "the copy of \"\(file.path)\" is not what was copied",
                    detail: "SHA-256 \(found) instead of \(wanted)",
                    hint: "try again; should it happen again, look at the hosts' memory and disks",
                    host: hosts.destination.host.name))
        }
    }

    private static func digest(_ path: String, _ side: MigrationHosts.Side) async -> Result<String, HostProblem> {
        do throws(HostProblem) {
            return .success(try await FileDigests.read([path], on: side)[path] ?? "")
        } catch {
            return .failure(error)
        }
    }

    /// Written through a descriptor, so that a copy that outlives its operation writes to a file without a name.
    private func download(_ file: File) async throws {
        let source = try HypervisorURI.tls(address: hosts.source.host.address, pkiDirectory: nil).text
        let script = """
            exec 9<>"$path" || exit 1
            virsh -q -k 5 -K 6 -c "$source" vol-download --vol "$path" --file /dev/fd/9 --sparse </dev/null || exit 1
            found=$(stat -L -c %s /dev/fd/9)
            [ "$found" -eq "$size" ] || { echo "$found bytes arrived instead of $size"; exit 1; }
            sync "$path" 2>/dev/null || sync
            """
        try await hosts.destination.run(
            script, [("path", file.path), ("source", source), ("size", "\(file.size)")],
            doing: "copy \"\(file.path)\" from \(hosts.source.host.name)")
    }

    /// Once a second, over a channel of its own, until cancelled.
    private func watchGrowth(of path: String, tell: @Sendable (UInt64) -> Void) async {
        guard (try? await Task.sleep(for: .seconds(1))) != nil,
            let channel = try? await RunChannel.open(
                on: hosts.destination.connection, host: hosts.destination.host.name)
        else { return }
        let script = HostScript(variables: [("path", path)], #"stat -L -c %s -- "$path""#)
        while !Task.isCancelled {
            guard let said = try? await script.run(over: channel, doing: "see how far it is") else { break }
            if let bytes = UInt64(said.split(separator: "\n").first ?? "") { tell(bytes) }
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { break }
        }
        await channel.bye()
    }

    // MARK: The source's libvirt reads files of pools only.

    private static func pool(_ operation: String, _ number: Int) -> String { "drover-\(operation)-\(number)" }

    /// Makes the source's libvirt know the files: its pools are looked at again, and a directory that is none becomes one for
    /// as long as this takes.
    private func pools(for files: [File]) async throws(HostProblem) -> [String] {
        var made: [String] = []
        for folder in Set(files.map { DiskPath.parent($0.path) }).sorted() {
            let paths = files.map(\.path).filter { DiskPath.parent($0) == folder }
            if try await areKnown(paths) { continue }
            let name = try await hosts.source.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.pools().first { $0.isActive && $0.path == folder }?.name
            }
            if let name {
                try await hosts.source.ask { hypervisor throws(HypervisorError) in
                    try await hypervisor.refreshPool(name)
                }
            } else {
                let pool = Self.pool(operation, made.count)
                made.append(pool)
                try await hosts.source.run(
                    #"virsh -q -c qemu:///system pool-create-as "$pool" dir --target "$folder" >/dev/null"#,
                    [("pool", pool), ("folder", folder)], doing: "let libvirt read \"\(folder)\"")
            }
        }
        return made
    }

    private func areKnown(_ paths: [String]) async throws(HostProblem) -> Bool {
        for path in paths {
            let volume = try await hosts.source.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.volume(path: path)
            }
            if volume == nil { return false }
        }
        return true
    }

    private func remove(_ pools: [String]) async {
        for pool in pools { _ = try? await hosts.source.hypervisor.stopPool(pool) }
    }

    /// The pools that an operation that was killed has left at the source. Their directories stay.
    static func sweepPools(of operation: String, on side: MigrationHosts.Side) async {
        let prefix = "drover-\(operation)-"
        for pool in (try? await side.hypervisor.pools()) ?? [] where pool.name.hasPrefix(prefix) && !pool.isPersistent {
            try? await side.hypervisor.stopPool(pool.name)
        }
    }
}
