internal import Hypervisor
package import Inventory
package import Values

/// Removes hosts' copies of images that nobody stands on. A copy is put aside under another name first and looked at
/// again, so that a VM that is made meanwhile keeps it or does not find it.
package struct ImageRemoval: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// What would be removed, when every hypervisor that matters has answered.
    /// - Parameters:
    ///   - digests: of images, at least the first 16 digits.
    ///   - hosts: whose copies are meant.
    ///   - assumedUnused: hosts that do not answer and yet are said to use none.
    /// - Throws: `Diagnostics` naming every host that does not answer, and every user.
    package func copies(
        of digests: [String], on hosts: [Host], assumedUnused: [String]
    ) async throws(Diagnostics) -> [(host: Host, copy: ImageCopies.Copy)] {
        let answers = await ImageCopies(context, driver: driver, of: hosts, refreshing: true)
        var problems: [Diagnostic] = []
        var found: [(host: Host, copy: ImageCopies.Copy)] = []
        for (host, answer) in answers.hosts {
            switch answer {
            case .success(let copies):
                for copy in copies where digests.contains(where: { $0.prefix(16) == copy.digest }) {
                    if copy.users.isEmpty {
                        found.append((host, copy))
                    } else {
                        problems.append(Self.inUse(copy, host))
                    }
                }
            case .failure(let problem):
                if assumedUnused.contains(host.name) { continue }
                problems.append(
                    .error(
                        "it cannot be known whether a VM of \(host.name) uses the image",
                        detail: problem.diagnostic.summary,
                        hint: "if none does for sure, add --assume-unused \(host.name)", host: host.name))
            }
        }
        if let refused = Diagnostics(problems) { throw refused }
        return found
    }

    /// Every copy that nobody stands on, and why hosts that did not answer did not.
    package func unused(on hosts: [Host]) async -> (
        copies: [(host: Host, copy: ImageCopies.Copy)], silent: [HostProblem]
    ) {
        let answers = await ImageCopies(context, driver: driver, of: hosts, refreshing: true)
        var copies: [(host: Host, copy: ImageCopies.Copy)] = []
        var silent: [HostProblem] = []
        for (host, answer) in answers.hosts {
            switch answer {
            case .success(let found): copies += found.filter(\.users.isEmpty).map { (host, $0) }
            case .failure(let problem): silent.append(problem)
            }
        }
        return (copies, silent)
    }

    private static func inUse(_ copy: ImageCopies.Copy, _ host: Host) -> Diagnostic {
        let users = copy.users.prefix(10).map { Printable.line($0) }.joined(separator: ", ")
        let more = copy.users.count > 10 ? " and \(copy.users.count - 10) more" : ""
        return .error(
            "the image sha256:\(copy.digest) is in use", detail: "by \(users)\(more)",
            hint: "delete these VMs first", host: host.name)
    }

    /// Removes copies one after the other; one that stays does not hold up the others.
    /// - Returns: why those that stay do.
    /// - Throws: `CancellationError`; ``OperationLocked`` while somebody else is at work on the only one.
    package func remove(_ copies: [(host: Host, copy: ImageCopies.Copy)]) async throws -> [HostProblem] {
        var problems: [HostProblem] = []
        for (host, copy) in copies {
            do {
                try await remove(copy, on: host)
            } catch let error as CancellationError {
                throw error
            } catch let locked as OperationLocked where copies.count == 1 {
                throw locked
            } catch {
                var problem = HostProblem(error)
                problem.diagnostic.host = problem.diagnostic.host ?? host.name
                problems.append(problem)
            }
        }
        return problems
    }

    /// Removes one copy.
    /// - Throws: `Diagnostics` when it is in use by now, then it stays; ``HostProblem``.
    package func remove(_ copy: ImageCopies.Copy, on host: Host) async throws {
        guard let pool = copy.volume.pool, ImageCopies.isImage(copy.volume.name) else { return }
        let lock = try OperationLock(
            context.directory, "push-\(copy.digest)", meaning: "the image sha256:\(copy.digest)")
        defer { withExtendedLifetime(lock) {} }
        try await driver.visit(host) { connection in
            if let info = try await connection.pool(pool) {
                try await SharedStorage(context, driver: driver, assumedAbsent: nil)
                    .refuseUsedElsewhere([copy.volume], of: info, on: host)
            }
            let aside = "\(copy.volume.path).\(Nonce.make().prefix(8)).part"
            let log = try Journal(context.directory).begin(
                "unplace",
                Mapping([
                    ("host", Value(host.name)), ("pool", Value(pool)), ("digest", Value(copy.digest)),
                    ("path", Value(copy.volume.path)), ("aside", Value(aside)),
                ]))
            let settled = try await settle(copy.volume.path, aside, pool, host, connection, isNew: true)
            try log.record(settled == nil ? "finished" : "undone")
            if let users = settled, !users.isEmpty {
                throw Diagnostics(Self.inUse(ImageCopies.Copy(volume: copy.volume, users: users), host))
            }
        }
    }

    /// Puts the copy aside, and removes it there if nobody stands on it; else puts it back.
    /// - Returns: who stands on it when it was put back; nil when it is gone.
    private func settle(
        _ path: String, _ aside: String, _ pool: String, _ host: Host, _ connection: HypervisorConnection, isNew: Bool
    ) async throws -> [String]? {
        let variables = [("path", path), ("aside", aside)]
        if isNew { try await script(#"mv -- "$path" "$aside""#, variables, on: host, doing: "put the image aside") }
        let use = try await StoreUse.read(connection, refreshing: true)
        let isBack = use.volumes.contains { $0.path == path }
        let users = isBack ? [] : ImageCopies.users(of: path, in: use)
        guard users.isEmpty else {
            try await script(
                #"if [ -e "$aside" ]; then mv -n -- "$aside" "$path"; fi"#, variables, on: host,
                doing: "put the image back")
            try await connection.refreshPool(pool)
            return users
        }
        if use.volumes.contains(where: { $0.path == aside }) {
            try await connection.deleteVolume(DiskPath.lastComponent(aside), in: pool)
        }
        return nil
    }

    private func script(
        _ body: String, _ variables: [(String, String)], on host: Host, doing: String
    ) async throws {
        let shell = try await context.connector.connect(to: host)
        do {
            try await HostScript(variables: variables, body).run(on: shell, host: host.name, doing: doing)
            await shell.close()
        } catch {
            await shell.close()
            throw error
        }
    }

    /// Finishes a removal that was cut off, or puts the copy back when somebody stands on it.
    func settle(_ record: OperationRecord) async throws -> String {
        guard let name = record["host"]?.string, let pool = record["pool"]?.string, let path = record["path"]?.string,
            let aside = record["aside"]?.string, let digest = record["digest"]?.string, aside.hasPrefix(path + "."),
            ImageCopies.isImage(DiskPath.lastComponent(path))
        else { throw Diagnostics(.error("the journal of \(record.id) is incomplete")) }
        let lock = try OperationLock(context.directory, "push-\(digest)", meaning: "the image sha256:\(digest)")
        defer { withExtendedLifetime(lock) {} }
        let host = try context.host(named: name)
        return try await driver.visit(host) { connection in
            let users = try await settle(path, aside, pool, host, connection, isNew: false)
            let word = users == nil ? "finished" : "undone"
            try Journal(context.directory).resume(record).record(word)
            return word
        }
    }
}
