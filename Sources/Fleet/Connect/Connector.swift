package import Inventory
package import SSH

/// How Fleet reaches hosts. Implemented over SSH, for this machine itself, and in memory for tests.
package protocol Connector: Sendable {
    /// A connection that is ready to run commands.
    /// - Throws: ``HostProblem`` of kind `unreachable`.
    func connect(to host: Host) async throws(HostProblem) -> any HostConnection
}

/// A live connection to one host. Safe to use from any task.
package protocol HostConnection: Sendable {
    /// The address that was really connected to, where there is one.
    var peerAddress: String? { get }
    /// The session through which the host's own network is reached; nil where this machine is on it itself.
    var session: SSHSession? { get }
    /// Starts a command by the host's login shell.
    func open(_ command: String) async throws(HostProblem) -> any HostChannel
    func close() async
}

extension HostConnection {
    package var session: SSHSession? { nil }
}

/// A command that runs on a host: its input, output and end.
package protocol HostChannel: Sendable {
    /// Waits until the host has taken the bytes.
    func write(_ bytes: [UInt8]) async throws(HostProblem)
    func finishWriting() async throws(HostProblem)
    /// The next bytes that it printed; nil at the end.
    func read() async throws(HostProblem) -> ChannelChunk?
    /// How it ended; waits for the end.
    func exit() async throws(HostProblem) -> ChannelExit
    func close() async
}

package enum ChannelChunk: Sendable, Hashable {
    case output([UInt8])
    case error([UInt8])
}

package enum ChannelExit: Sendable, Hashable {
    case code(Int32)
    case signal(String)
    /// The connection gave no exit status: counts as a failure.
    case unknown

    package var succeeded: Bool { self == .code(0) }
}
