import Foundation
import Glibc
import Testing

/// A server program on a free loopback port, for the length of a scope.
enum Server {
    /// - Parameter greeting: what the program reads from stdin (and, as openssl does, sends to its client).
    static func with(
        _ program: String, _ arguments: [String], portOption: String, greeting: [UInt8] = [],
        _ body: (Int) async throws -> Void
    ) async throws {
        let port = try freePort()
        let process = Process()
        let input = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/" + program)
        process.arguments = arguments + [portOption, String(port)]
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Not waited for: that would hold a thread of the cooperative pool.
        defer { kill(process.processIdentifier, SIGKILL) }
        input.fileHandleForWriting.write(Data(greeting))
        try await untilListening(port, process)
        try await body(port)
    }

    static func freePort() throws -> Int { try ListeningSocket().port }

    /// Looks into the kernel's table instead of connecting, because a connection would use up the server's only one.
    private static func untilListening(_ port: Int, _ process: Process) async throws {
        let wanted = ":" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
        while true {
            try #require(process.isRunning)
            for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
                let lines = try String(contentsOfFile: table, encoding: .utf8).split(separator: "\n")
                let listens = lines.contains { line in
                    let fields = line.split(separator: " ")
                    return fields.count > 3 && fields[1].hasSuffix(wanted) && fields[3] == "0A"
                }
                if listens { return }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// Listens on a loopback port of the kernel's choice and never accepts.
final class ListeningSocket {
    let port: Int
    private let number: Int32

    init() throws {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, size) + listen(number, 8) + getsockname(number, $0, &size)
            }
        }
        self.number = number
        port = Int(UInt16(bigEndian: address.sin_port))
        try #require(code == 0)
    }

    deinit { close(number) }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}
