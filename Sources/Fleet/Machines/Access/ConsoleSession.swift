package import Hypervisor

/// One sitting at a serial console: what is typed goes in, what the guest prints comes out, byte for byte.
package struct ConsoleSession: Sendable {
    package enum Ending: Sendable, Equatable {
        /// The escape key.
        case left
        /// What was waited for was printed.
        case seen
        case timeUp
        /// The guest's side is gone: it is off, it moved, or another client has the console now.
        case closed
    }

    private let console: DomainConsole
    private let escape: UInt8?
    private let until: [UInt8]
    private let seconds: Int?

    /// - Parameters:
    ///   - escape: the byte that ends it when it is typed; nil for none.
    ///   - until: ends it once the guest has printed this.
    ///   - seconds: ends it after so long.
    package init(_ console: DomainConsole, escape: UInt8?, until: String?, seconds: Int?) {
        self.console = console
        self.escape = escape
        self.until = until.map { Array($0.utf8) } ?? []
        self.seconds = seconds
    }

    /// - Parameters:
    ///   - input: gives the next bytes typed, nil at their end, which ends nothing else. Not waited for at the end.
    ///   - output: takes what the guest printed; false when nobody reads it any more.
    /// - Throws: `HypervisorError`, `CancellationError`.
    package func run(
        input: @escaping @Sendable () async -> [UInt8]?, output: @escaping @Sendable ([UInt8]) async -> Bool
    ) async throws -> Ending {
        let (endings, end) = AsyncThrowingStream.makeStream(of: Ending.self)
        let printer = Task {
            do {
                end.yield(try await print(output))
            } catch {
                end.finish(throwing: error)
            }
        }
        let typist = Task {
            do {
                if try await type(input) { end.yield(.left) }
            } catch {
                // Why the console takes nothing any more is what the printer learns.
                if !(error is HypervisorError) { end.finish(throwing: error) }
            }
        }
        let timer = seconds.map { seconds in
            Task {
                try await Task.sleep(for: .seconds(seconds))
                end.yield(.timeUp)
            }
        }
        defer {
            printer.cancel()
            typist.cancel()
            timer?.cancel()
        }
        for try await ending in endings { return ending }
        throw CancellationError()
    }

    private func print(_ output: @Sendable ([UInt8]) async -> Bool) async throws -> Ending {
        var tail: [UInt8] = []
        while let bytes = try await console.read() {
            guard await output(bytes) else { return .left }
            guard !until.isEmpty else { continue }
            tail += bytes
            if tail.contains(until) { return .seen }
            tail.removeFirst(max(0, tail.count - until.count + 1))
        }
        return .closed
    }

    /// Whether the escape key was typed.
    private func type(_ input: @Sendable () async -> [UInt8]?) async throws -> Bool {
        while let bytes = await input() {
            try Task.checkCancellation()
            let end = escape.flatMap { bytes.firstIndex(of: $0) }
            let typed = bytes[..<(end ?? bytes.endIndex)]
            if !typed.isEmpty { try await console.write(Array(typed)) }
            if end != nil { return true }
        }
        return false
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard part.count <= count else { return false }
        return (0...(count - part.count)).contains { self[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
