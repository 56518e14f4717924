internal import Hypervisor

/// The end of what a guest prints on its serial console while it is waited for: the reason when it never answers.
actor ConsoleTail {
    private static let most = 8192
    private let console: DomainConsole
    private var bytes: [UInt8] = []
    private var work: Task<Void, Never>?

    /// Nil when there is no console, or somebody else has it: theirs it stays.
    static func open(_ domain: DomainReference, over connection: HypervisorConnection) async -> ConsoleTail? {
        guard let console = try? await connection.console(domain) else { return nil }
        let tail = ConsoleTail(console)
        await tail.listen()
        return tail
    }

    private init(_ console: DomainConsole) { self.console = console }

    private func listen() {
        work = Task { [console] in
            while let new = try? await console.read() { keep(new) }
        }
    }

    private func keep(_ new: [UInt8]) {
        bytes += new
        if bytes.count > 2 * Self.most { bytes.removeFirst(bytes.count - Self.most) }
    }

    /// The last lines that hold anything.
    func lastLines(_ count: Int = 5) -> [String] {
        let lines = String(decoding: bytes.suffix(Self.most), as: UTF8.self)
            .split(whereSeparator: \.isNewline).map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
        return lines.suffix(count).map { String($0.prefix(200)) }
    }

    func close() async {
        work?.cancel()
        await console.close()
    }
}
