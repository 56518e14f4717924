import Glibc

/// A port of this machine that leads to one that only an SSH server reaches: what `ssh -L` does. Only programs of this machine can
/// connect to it.
public final class LocalForward: Sendable {
    /// The local port on 127.0.0.1.
    public let port: Int
    private let session: SSHSession
    private let target: String
    private let targetPort: Int
    private let listener: LocalListener

    /// Listens; connections are carried once `serve` runs.
    ///
    /// - Parameters:
    ///   - target: a name or address as the server sees it.
    ///   - local: the local port; 0 for any that is free.
    /// - Throws: invalidRequest when the local port is taken.
    public init(over session: SSHSession, to target: String, port: Int, local: Int = 0) throws(SSHError) {
        self.session = session
        self.target = target
        targetPort = port
        listener = try LocalListener(port: local, loop: try EventLoop.next())
        self.port = listener.port
        listener.start()
    }

    deinit { listener.close() }

    /// Carries connections until the task is cancelled or the forward closed. Either side's end ends a connection.
    ///
    /// - Parameter failed: told of connections that could not be made, and of the server's end.
    public func serve(failed: @escaping @Sendable (SSHError) -> Void = { _ in }) async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for await descriptor in listener.connections {
                    group.addTask { await self.carry(descriptor, failed) }
                }
                group.cancelAll()
            }
        } onCancel: {
            listener.close()
        }
    }

    /// Stops listening.
    public func close() { listener.close() }

    private func carry(_ descriptor: Int32, _ failed: @Sendable (SSHError) -> Void) async {
        let socket: LocalSocket
        do throws(SSHError) {
            socket = LocalSocket(loop: try EventLoop.next())
            try await socket.adopt(descriptor)
        } catch {
            return failed(error)
        }
        do throws(SSHError) {
            let channel = try await session.stream(to: target, port: targetPort, timeout: 15)
            await Self.join(socket, channel)
            await channel.close()
        } catch {
            if error.code != .cancelled { failed(error) }
        }
        await socket.close()
    }

    /// Both ways at once, until one of them ends.
    private static func join(_ socket: LocalSocket, _ channel: SSHChannel) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while let bytes = try? await socket.read() {
                    guard (try? await channel.write(bytes)) != nil else { return }
                }
            }
            group.addTask {
                while let event = try? await channel.read() {
                    guard case .output(let bytes) = event else { continue }
                    guard (try? await socket.write(bytes)) != nil else { return }
                }
                try? await socket.drain()
            }
            await group.next()
            group.cancelAll()
        }
    }
}
