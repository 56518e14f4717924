import Foundation
import SSH
import Testing

/// A real sshd on 127.0.0.1, with throw-away keys and its own configuration, for one test.
struct TestServer: Sendable {
    let keys: TestKeys
    let directory: String
    let port: Int
    let process: Int32

    static let user = NSUserName()

    /// Starts a server, runs the body, stops the server and every process it left.
    static func with<Value>(
        hostKeys: [String] = ["host_ed25519", "host_ecdsa", "host_rsa"], configuration: [String] = [],
        _ body: (TestServer) async throws -> Value
    ) async throws -> Value {
        let keys = try await TestKeys.shared.value
        let directory = NSTemporaryDirectory() + "drover-sshd-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let authorized = try ["user_ed25519", "user_ecdsa", "user_rsa", "user_encrypted"].map(keys.text)
        try authorized.joined(separator: "\n").write(
            toFile: "\(directory)/authorized_keys", atomically: true, encoding: .utf8)
        let server = try await start(keys, directory, hostKeys, configuration)
        do {
            let value = try await body(server)
            server.stop()
            return value
        } catch {
            server.stop()
            throw error
        }
    }

    private static func start(
        _ keys: TestKeys, _ directory: String, _ hostKeys: [String], _ configuration: [String]
    ) async throws -> TestServer {
        // Another process may take the port in between, so more than one is tried.
        for _ in 0..<5 {
            let port = try freePort()
            let lines =
                configuration
                + [
                    "Port \(port)", "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no", "StrictModes no",
                    "AuthorizedKeysFile \(directory)/authorized_keys", "PasswordAuthentication no",
                    "KbdInteractiveAuthentication no", "PermitRootLogin yes", "MaxStartups 200", "MaxSessions 50",
                    "LogLevel ERROR", "UseDNS no",
                ] + hostKeys.map { "HostKey \(keys.path($0))" }
            let path = "\(directory)/sshd_config"
            try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
            let process = try spawn(["/usr/sbin/sshd", "-D", "-e", "-f", path], log: "\(directory)/log")
            let server = TestServer(keys: keys, directory: directory, port: port, process: process)
            for _ in 0..<500 {
                if answers(port) { return server }
                if waitpid(process, nil, WNOHANG) == process { break }
                try await Task.sleep(for: .milliseconds(20))
            }
            server.stop()
        }
        throw ToolFailed(
            text: (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "sshd did not start")
    }

    /// The processes that serve connections.
    var children: [Int32] { Self.children(of: process) }

    private static func children(of process: Int32) -> [Int32] {
        let text = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    /// Kills the processes that serve connections, as a crash of the host would look from here.
    func cutConnections() {
        for child in children {
            let commands = Self.children(of: child)
            // The connection first: of a command that ends before it, sshd would still tell in good order.
            kill(child, SIGKILL)
            for command in commands { kill(command, SIGKILL) }
        }
    }

    private func stop() {
        cutConnections()
        kill(process, SIGTERM)
        waitpid(process, nil, 0)
    }

    // MARK: - What clients need

    func destination(
        identity: String? = "user_ed25519", host: String = "127.0.0.1", timeout: Double = 30
    ) -> SSHDestination {
        SSHDestination(
            host: host, port: port, user: Self.user, identities: identity.map { [keys.path($0)] } ?? [],
            useAgent: false,
            connectTimeout: timeout)
    }

    /// A known_hosts file of these lines.
    func knownHosts(_ lines: [String]) throws -> KnownHosts {
        let path = "\(directory)/known_hosts-\(UUID().uuidString)"
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return try KnownHosts(files: [path])
    }

    /// A session by the user's Ed25519 key, with the server's Ed25519 key known.
    func connect() async throws -> SSHSession {
        try await SSHSession.connect(to: destination(), knownHosts: trusting())
    }

    func trusting(host: String = "127.0.0.1", key: String = "host_ed25519") throws -> KnownHosts {
        try knownHosts(["[\(host)]:\(port) \(keys.text(key))"])
    }
}

/// Starts a program with its output in a file.
func spawn(_ arguments: [String], log: String) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // Threads of the test runner block most signals, and the program would inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let result = posix_spawn(&process, arguments[0], &actions, &attributes, &words, environ)
    guard result == 0 else { throw ToolFailed(text: "\(arguments[0]): error \(result)") }
    return process
}

/// A TCP socket on 127.0.0.1.
func loopbackSocket(_ port: Int, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> (Int32, Int32) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    return (descriptor, result)
}

func portOf(_ descriptor: Int32) -> Int {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    return Int(in_port_t(bigEndian: address.sin_port))
}

func freePort() throws -> Int {
    let (descriptor, result) = loopbackSocket(0) { bind($0, $1, $2) }
    defer { close(descriptor) }
    guard result == 0 else { throw ToolFailed(text: "no free port") }
    return portOf(descriptor)
}

func answers(_ port: Int) -> Bool {
    let (descriptor, result) = loopbackSocket(port) { connect($0, $1, $2) }
    close(descriptor)
    return result == 0
}

/// The error that the body throws.
func failure(_ body: () async throws -> some Any) async throws -> SSHError {
    do {
        _ = try await body()
    } catch let error as SSHError {
        return error
    }
    Issue.record("nothing was thrown")
    throw ToolFailed(text: "nothing was thrown")
}

extension CommandResult {
    var text: String { String(decoding: output, as: UTF8.self) }
    var errorText: String { String(decoding: error, as: UTF8.self) }
}

extension ChannelEvent {
    var bytes: [UInt8] {
        switch self {
        case .output(let bytes), .error(let bytes): bytes
        }
    }
}
