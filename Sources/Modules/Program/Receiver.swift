/// The controller's side of `receiver.sh`: the command that starts it and the frames that it reads.
package enum Receiver {
    /// The command for an exec request.
    /// - Parameters:
    ///   - nonce: letters and digits; every line of the receiver's own begins with `@drover:` and it.
    ///   - prefix: words before the shell, such as `sudo -n`; `exec` is put in front of all.
    package static func command(nonce: String, prefix: [String] = []) -> String {
        ShellProgram.command(String(decoding: PackageResources.receiver_sh, as: UTF8.self), name: nonce, prefix: prefix)
    }

    /// Announces a file; exactly `length` bytes must follow.
    package static func put(_ name: String, length: Int) -> [UInt8] { frame("put", name, String(length)) }
    /// A file with its announcement.
    package static func put(_ name: String, _ bytes: [UInt8]) -> [UInt8] { put(name, length: bytes.count) + bytes }
    /// Runs a file in the foreground; its output comes between `begin` and `exit`.
    package static func exec(_ name: String) -> [UInt8] { frame("exec", name) }
    /// Runs a file detached from the connection and follows what it prints until it has ended.
    package static func start(_ name: String) -> [UInt8] { frame("start", name) }
    /// Follows a run that an earlier connection started, from a byte of its spool.
    package static func attach(_ run: String, offset: Int) -> [UInt8] { frame("attach", run, String(offset)) }
    /// Ends a run that an earlier connection started.
    package static func stop(_ run: String) -> [UInt8] { frame("stop", run) }
    /// Removes what an ended run left.
    package static func remove(_ run: String) -> [UInt8] { frame("remove", run) }
    /// Ends the receiver, which removes its directory.
    package static let bye: [UInt8] = frame("bye")

    /// Whether a name may stand in a frame.
    package static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    private static func frame(_ words: String...) -> [UInt8] { Array((words.joined(separator: " ") + "\n").utf8) }
}
