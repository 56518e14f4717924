import CLibSSH2

/// One user's authentication on one connection: which keys are tried, in which order, and what came of each.
struct Authentication {
    /// sshd gives six tries (MaxAuthTries) and remembers who used them up (PerSourcePenalties).
    private static let mostTries = 5
    /// A person may have to touch a token.
    private static let agentPatience = 60.0

    let destination: SSHDestination
    let credentials: SSHCredentials
    let connection: Connection

    private var tries = 0
    private var account: [String] = []

    init(_ destination: SSHDestination, _ credentials: SSHCredentials, _ connection: Connection) {
        self.destination = destination
        self.credentials = credentials
        self.connection = connection
    }

    /// Authenticates.
    ///
    /// - Throws: authenticationFailed with the account of every key, or what ended the connection.
    mutating func run(isolation: isolated Connection) async throws(SSHError) {
        let agent = connectAgent(isolation)
        defer { agent?.close() }
        let agentKeys = await list(agent)
        var used: Set<HostKey> = []
        for path in destination.identities where tries < Self.mostTries {
            let file: PrivateKeyFile
            do {
                file = try await PrivateKeyFile.read(path)
            } catch {
                account.append("\(path) (\(error.reason))")
                continue
            }
            if let key = file.publicKey, let agent, agentKeys.contains(where: { $0.key == key }) {
                used.insert(key)
                if try await tryAgent(agent, key, name: path) { return }
            } else if try await tryFile(file) {
                return
            }
        }
        // RSA last: today's servers refuse what libssh2 signs with it.
        let others = agentKeys.filter { !used.contains($0.key) }
        for entry in others.filter({ !$0.key.isRSA }) + others.filter(\.key.isRSA) where tries < Self.mostTries {
            guard let agent else { break }
            if try await tryAgent(agent, entry.key, name: "agent key '\(entry.comment)'") { return }
        }
        if try await tryPassword() { return }
        throw await failure()
    }

    // MARK: - Agent

    private mutating func connectAgent(_ isolation: isolated Connection) -> Agent? {
        guard destination.useAgent, let path = destination.agentSocket ?? ProcessEnvironment.agentSocket else {
            return nil
        }
        do {
            return try Agent(path: path, loop: connection.loop)
        } catch {
            account.append("agent (\(error.message))")
            return nil
        }
    }

    private mutating func list(isolation: isolated any Actor = #isolation, _ agent: Agent?) async -> [Agent.Key] {
        guard let agent else { return [] }
        do {
            return try await agent.keys(deadline: .seconds(destination.connectTimeout))
        } catch {
            account.append("agent (\(error.message))")
            return []
        }
    }

    private mutating func tryAgent(
        isolation: isolated Connection = #isolation, _ agent: Agent, _ key: HostKey, name: String
    ) async throws(SSHError) -> Bool {
        tries += 1
        let signer = Signer()
        let user = destination.user
        let (operations, library) = try isolation.live("authenticating")
        let attempt = { () -> Attempt<Int> in
            let code = signer.attempt(library.pointer, user: user, key: key)
            // "Again" because of the signer, not of the server: leave the wait and ask the agent.
            if code == Int(LibraryError.again), signer.request != nil, signer.signature == nil { return .done(code) }
            return Connection.outcome(of: code, library, operations)
        }
        var code = try await operations.run(
            "authenticating", deadline: .seconds(destination.connectTimeout), attempt: attempt)
        if code == Int(LibraryError.again), let request = signer.request {
            do {
                signer.signature = try await agent.sign(request, with: key, deadline: .seconds(Self.agentPatience))
            } catch  where error.code == .cancelled {
                throw error
            } catch {
                account.append("\(name) (\(error.message))")
                // An empty signature is refused, and libssh2's state is clean again.
                signer.signature = []
            }
            code = try await operations.run(
                "authenticating", deadline: .seconds(destination.connectTimeout), attempt: attempt)
        }
        return note(code, name, isRSA: key.isRSA)
    }

    // MARK: - Files

    private mutating func tryFile(
        isolation: isolated Connection = #isolation, _ file: PrivateKeyFile
    ) async throws(SSHError) -> Bool {
        var passphrase = ""
        if file.isEncrypted {
            guard let given = await credentials.passphrase?(file.path) else {
                account.append("\(file.path) (encrypted, and no passphrase was given)")
                return false
            }
            passphrase = given
        }
        let (operations, library) = try isolation.live("authenticating")
        let opening = FileAttempt(
            user: destination.user, contents: file.contents, passphrase: passphrase, library: library)
        let deadline = Deadline.seconds(destination.connectTimeout)
        var code = LibraryError.again
        if file.isEncrypted {
            // Deriving the key from the passphrase takes a tenth of a second and more, twice: not on the loop.
            while code == LibraryError.again {
                code = await operations.suspended { await OwnThread.wholeValue { opening.run() } ?? LibraryError.again }
                if code == LibraryError.again { try await operations.news("authenticating", deadline: deadline) }
            }
        } else {
            code = try await operations.run("authenticating", deadline: deadline) {
                let code = opening.run()
                return code == LibraryError.again ? .again : .done(code)
            }
        }
        switch code {
        case 0: return true
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
            tries += 1
            return note(Int(code), file.path, isRSA: file.isRSA)
        case LIBSSH2_ERROR_SOCKET_DISCONNECT, LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND:
            let words = library.context.farewell ?? library.lastError.text
            operations.lose(.disconnected(words))
            throw LinkLoss.disconnected(words).error(doing: "authenticating")
        default:
            // Nothing was sent: it is the file.
            account.append(
                "\(file.path) (\(file.isEncrypted ? "wrong passphrase" : "not usable"): \(library.lastError.text))")
            return false
        }
    }

    private mutating func note(_ code: Int, _ name: String, isRSA: Bool) -> Bool {
        if code == 0 { return true }
        account.append(
            isRSA
                ? "\(name) (refused: libssh2 \(LibrarySession.version) signs with RSA by SHA-1 only, which OpenSSH 8.8 and "
                    + "later refuse; use an Ed25519 or ECDSA key)"
                : "\(name) (refused)")
        return false
    }

    // MARK: - Password

    private mutating func tryPassword(isolation: isolated Connection = #isolation) async throws(SSHError) -> Bool {
        guard let ask = credentials.password, let password = await ask() else { return false }
        let user = destination.user
        let code = try await isolation.call("authenticating", deadline: .seconds(destination.connectTimeout)) {
            session in
            Int(
                libssh2_userauth_password_ex(
                    session, user, UInt32(user.utf8.count), password, UInt32(password.utf8.count), nil))
        }
        if code != 0 { account.append("password (refused)") }
        return code == 0
    }

    private func failure(isolation: isolated Connection = #isolation) async -> SSHError {
        let user = destination.user
        var accepted: String?
        if let (operations, library) = try? isolation.live("authenticating") {
            accepted = try? await operations.run("authenticating", deadline: .seconds(destination.connectTimeout)) {
                if let list = libssh2_userauth_list(library.pointer, user, UInt32(user.utf8.count)) {
                    return .done(String(cString: list))
                }
                return libssh2_session_last_errno(library.pointer) == LibraryError.again ? .again : .done("")
            }
        }
        let tried = account.isEmpty ? "no key was there to try" : "tried \(account.joined(separator: ", "))"
        let offered = accepted.flatMap { $0.isEmpty ? nil : "; the server takes \($0)" } ?? ""
        return SSHError(
            .authenticationFailed, "authentication as '\(user)' failed: \(tried)\(offered)",
            hint: "put the public half of one of these keys into the user's authorized_keys on the host",
            host: destination.host)
    }
}

extension HostKey {
    var isRSA: Bool { type == "ssh-rsa" }
}

/// What one try with a key file needs, so that it can run on a thread of its own.
private struct FileAttempt: Sendable {
    let user: String
    let contents: [UInt8]
    let passphrase: String
    let library: LibrarySession

    func run() -> Int32 {
        contents.withUnsafeBytes { bytes in
            let key = bytes.bindMemory(to: CChar.self)
            return libssh2_userauth_publickey_frommemory(
                library.pointer, user, user.utf8.count, nil, 0, key.baseAddress, key.count, passphrase)
        }
    }
}
