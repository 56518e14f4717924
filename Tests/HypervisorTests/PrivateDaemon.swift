import Foundation
import Hypervisor
import Testing

/// A libvirtd of one's own, with real QEMU, that shares nothing with the machine's: unprivileged, in a directory that
/// goes with it.
final class PrivateDaemon: Sendable {
    static let isAvailable = ["/usr/sbin/libvirtd", "/usr/bin/qemu-system-x86_64", "/usr/bin/setpriv"]
        .allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

    let directory: String
    private let process: pid_t
    var uri: String { "qemu+unix:///session?socket=\(directory)/run/libvirt/libvirt-sock" }
    var pool: String { directory + "/pool" }

    /// - Parameter ports: 64 ports from here on are for incoming migrations.
    init(ports: Int) async throws {
        directory = "/tmp/hvt-" + UUID().uuidString.prefix(8).lowercased()
        for folder in ["run", "home", "config/libvirt", "cache", "data", "pool"] {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(folder)", withIntermediateDirectories: true)
        }
        chmod(directory + "/run", 0o700)
        // Two hosts of one UUID would not migrate to each other.
        try "host_uuid = \"\(UUID().uuidString.lowercased())\"\n".write(
            toFile: directory + "/config/libvirt/libvirtd.conf", atomically: true, encoding: .utf8)
        try "migration_port_min = \(ports)\nmigration_port_max = \(ports + 63)\n".write(
            toFile: directory + "/config/libvirt/qemu.conf", atomically: true, encoding: .utf8)
        var command = ["/usr/sbin/libvirtd", "--timeout=30"]
        if getuid() == 0 {
            for path in try FileManager.default.subpathsOfDirectory(atPath: directory) + [""] {
                chown("\(directory)/\(path)", 65534, 65534)
            }
            command = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + command
        }
        process = try Self.spawn(
            command,
            environment: [
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(directory)/home", "XDG_RUNTIME_DIR=\(directory)/run",
                "XDG_CONFIG_HOME=\(directory)/config", "XDG_CACHE_HOME=\(directory)/cache",
                "XDG_DATA_HOME=\(directory)/data",
            ])
    }

    /// Connects as soon as it listens.
    func connect() async throws -> HypervisorConnection {
        for _ in 0..<200 {
            if let connection = try? await HypervisorConnection.open(uri: uri) { return connection }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await HypervisorConnection.open(uri: uri)
    }

    /// Ends it as a crash would.
    func kill() { Glibc.kill(process, SIGKILL) }

    /// Ends its guests, itself, and all that it left.
    func stop() async {
        if let connection = try? await HypervisorConnection.open(uri: uri) {
            for domain in (try? await connection.domains()) ?? [] where domain.state.isActive {
                try? await connection.destroy(.uuid(domain.uuid))
            }
            await connection.close()
        }
        Glibc.kill(process, SIGTERM)
        for step in 0..<200 where waitpid(process, nil, WNOHANG) == 0 {
            if step == 100 { Glibc.kill(process, SIGKILL) }
            try? await Task.sleep(for: .milliseconds(50))
        }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Starts a program with no signal blocked and nothing to read or to say.
    private static func spawn(_ command: [String], environment: [String]) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, mode) in [(0, O_RDONLY), (1, O_WRONLY), (2, O_WRONLY)] {
            posix_spawn_file_actions_addopen(&actions, Int32(descriptor), "/dev/null", mode, 0)
        }
        var arguments = command.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var process = pid_t()
        let status = posix_spawn(&process, command[0], &actions, &attributes, &arguments, &variables)
        try #require(status == 0, "cannot start \(command[0])")
        return process
    }
}

/// Runs `body` with a daemon, which is gone afterwards.
func withDaemon<Answer>(ports: Int, _ body: (PrivateDaemon) async throws -> Answer) async throws -> Answer {
    let daemon = try await PrivateDaemon(ports: ports)
    do {
        let answer = try await body(daemon)
        await daemon.stop()
        return answer
    } catch {
        await daemon.stop()
        throw error
    }
}
