import Foundation
import Subprocess

/// The shells that programs must run under. The last is a root of its own with nothing but busybox in it.
enum HostShell: String, CaseIterable, Sendable, CustomStringConvertible {
    case dash, bash
    case ash = "busybox ash"
    case bare = "busybox alone"

    var description: String { rawValue }

    var words: [String] {
        switch self {
        case .dash: ["dash"]
        case .bash: ["bash", "--posix"]
        case .ash: ["busybox", "ash"]
        case .bare: ["/bin/sh"]
        }
    }
}

/// A directory that plays the host, and the shell that programs run in.
struct ScratchHost: Sendable {
    let shell: HostShell
    /// As the machine that runs the tests sees it.
    let outside: String
    /// As programs see it.
    let root: String
    private let jail: String?
    private let groups: String?

    /// - Parameter groups: groups that programs find, besides the machine's own.
    init(_ shell: HostShell, groups: [String] = []) throws {
        self.shell = shell
        let base = try Self.temporaryDirectory()
        let lines = (["root:x:0:\n"] + groups.enumerated().map { "\($1):x:\(900 + $0):\n" }).joined()
        self.groups = groups.isEmpty || shell == .bare ? nil : base + "/groups"
        if let path = self.groups { try Data(lines.utf8).write(to: URL(fileURLWithPath: path)) }
        guard shell == .bare else {
            (outside, root, jail) = (base + "/scratch", base + "/scratch", nil)
            try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
            return
        }
        jail = base
        root = "/the scratch"
        outside = base + root
        for folder in ["bin", "proc", "dev", "etc", "tmp", "run", "root", "the scratch"] {
            try FileManager.default.createDirectory(atPath: "\(base)/\(folder)", withIntermediateDirectories: true)
        }
        try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: "\(base)/bin/busybox")
        try Data("root:x:0:0:root:/root:/bin/sh\n".utf8).write(to: URL(fileURLWithPath: "\(base)/etc/passwd"))
        try Data(lines.utf8).write(to: URL(fileURLWithPath: "\(base)/etc/group"))
    }

    private static func temporaryDirectory() throws -> String {
        var template = Array((FileManager.default.temporaryDirectory.path + "/drover test.XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func remove() {
        let base = jail ?? (outside as NSString).deletingLastPathComponent
        try? FileManager.default.removeItem(atPath: base)
    }

    /// Runs the shell with these words.
    func run(
        _ words: [String], input: [UInt8] = [], environment: [String: String] = [:]
    ) async throws -> (output: [UInt8], error: String, succeeded: Bool) {
        var command = shell.words + words
        if let jail {
            // The mounts live in a namespace of their own and end with it.
            let enter = """
                chroot "$0" /bin/busybox --install -s /bin && mount -t proc proc "$0/proc" &&
                mount --bind /dev "$0/dev" && exec chroot "$0" "$@"
                """
            command = ["unshare", "-m", "/bin/sh", "-c", enter, jail] + command
        }
        if let groups {
            let enter = "mount --bind \"$0\" /etc/group && exec \"$@\""
            command = ["unshare", "-m", "/bin/sh", "-c", enter, groups] + command
        }
        var variables: [Environment.Key: String] = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"]
        for (name, value) in environment { variables[.init(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .name(command[0]), arguments: Arguments(Array(command.dropFirst())), environment: .custom(variables),
            input: .array(input), output: .bytes(limit: 16 << 20),
            error: .string(limit: 1 << 20))
        return (result.standardOutput, result.standardError, result.terminationStatus.isSuccess)
    }
}
