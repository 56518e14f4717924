internal import Inventory
internal import Modules
internal import Values

/// The lock program that runs on a host: lines go out, lines come back, many in one round trip.
struct LockChannel: Sendable {
    let host: Host
    private let channel: any HostChannel
    /// Nil where somebody else's connection carries it.
    private let connection: (any HostConnection)?
    private let mark: String

    /// - Parameter given: a connection that is open already and stays its owner's.
    /// - Throws: ``HostProblem`` of a host that does not answer, or on which nobody but root can lock.
    static func open(
        to host: Host, over given: (any HostConnection)?, by connector: any Connector, _ places: LockPlaces
    ) async throws(HostProblem) -> LockChannel {
        let own: (any HostConnection)? = if given == nil { try await connector.connect(to: host) } else { nil }
        guard let connection = given ?? own else { throw refused(host, "there is no connection") }
        do throws(HostProblem) {
            let nonce = Nonce.make()
            let channel = try await connection.open(command(places, nonce))
            let made = LockChannel(host: host, channel: channel, connection: own, mark: "@drover:\(nonce) ")
            try await made.waitForProgram()
            return made
        } catch {
            await own?.close()
            throw error
        }
    }

    static func command(
        _ places: LockPlaces, _ nonce: String, by controller: ControllerProcess = .here
    ) -> String {
        ShellProgram.command(
            String(decoding: PackageResources.host_locks_sh, as: UTF8.self),
            variables: [
                ("locks", places.locks), ("records", places.records), ("clock", places.clock),
                ("boot_id", places.bootID), ("lifetime", "\(places.lifetime)"), ("controller", controller.id),
                ("process", "\(controller.process)"), ("who", controller.who),
            ], name: nonce)
    }

    private func waitForProgram() async throws(HostProblem) {
        var lines = LineReader()
        var noise: [UInt8] = []
        while let chunk = try await channel.read() {
            switch chunk {
            case .error(let bytes): noise.append(contentsOf: bytes.prefix(max(0, 4096 - noise.count)))
            case .output(let bytes):
                for line in lines.feed(bytes) {
                    guard line.hasPrefix(mark) else { continue }
                    let said = line.dropFirst(mark.count)
                    if said == "open" { return }
                    await channel.close()
                    throw Self.refused(host, String(said))
                }
            }
        }
        await channel.close()
        throw Self.refused(host, noise.isEmpty ? "it said nothing" : String(decoding: noise, as: UTF8.self))
    }

    private static func refused(_ host: Host, _ said: String) -> HostProblem {
        HostProblem(
            .failed,
            .error(
                "nothing can be locked on it", detail: Printable.line(said),
                hint: "locks are kept by root: `user: root` in the inventory", host: host.name))
    }

    func write(_ lines: [UInt8]) async throws(HostProblem) { try await channel.write(lines) }

    /// Gives what the program says until it ends, however it ends.
    func answers(_ take: @Sendable (String, LockAnswer) async -> Void) async {
        var lines = LineReader()
        while let chunk = try? await channel.read() {
            guard case .output(let bytes) = chunk else { continue }
            for line in lines.feed(bytes) where line.hasPrefix(mark) {
                let words = line.dropFirst(mark.count).split(separator: " ")
                if let (nonce, answer) = LockAnswer.read(words) { await take(nonce, answer) }
            }
        }
    }

    func close() async {
        try? await channel.finishWriting()
        await channel.close()
        await connection?.close()
    }
}

/// Whole lines of what comes in pieces; what is longer than any answer is dropped.
struct LineReader {
    private var rest: [UInt8] = []

    mutating func feed(_ bytes: [UInt8]) -> [String] {
        rest += bytes
        var lines: [String] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: rest[..<end], as: UTF8.self))
            rest.removeSubrange(...end)
        }
        if rest.count > 16384 { rest.removeAll() }
        return lines
    }
}
