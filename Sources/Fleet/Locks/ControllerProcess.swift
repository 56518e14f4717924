internal import Glibc

/// What locks on hosts say of this process.
struct ControllerProcess: Sendable {
    /// Within which process numbers mean something: one boot of one machine, and its container where it is in one.
    let id: String
    let process: Int32
    /// `user@machine`, for people.
    let who: String

    static let here = ControllerProcess()

    private init() {
        let boot = (try? DiskFile.readText("/proc/sys/kernel/random/boot_id"))?.split(separator: "\n").first
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = readlink("/proc/self/ns/pid", &buffer, buffer.count)
        let space = String(decoding: buffer.prefix(max(0, length)), as: UTF8.self).filter(\.isNumber)
        id = "\(boot ?? "unknown")/\(space)"
        process = getpid()
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let machine = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let user = getpwuid(getuid()).flatMap { $0.pointee.pw_name }.map { String(cString: $0) } ?? "\(getuid())"
        who = "\(user)@\(machine)".filter { !$0.isWhitespace }
    }
}
