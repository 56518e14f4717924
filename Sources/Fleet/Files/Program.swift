internal import Glibc
internal import Subprocess
internal import SystemPackage

/// Programs of this machine by their names.
enum Program {
    /// Where a program is. Looked for here, because Subprocess itself starts a process for each directory of the path until
    /// one of them finds it there.
    static func named(_ name: String) -> Executable {
        guard !name.contains("/"), let path = getenv("PATH") else { return .name(name) }
        for folder in String(cString: path).split(separator: ":") where folder.hasPrefix("/") {
            let file = DiskPath.join(String(folder), name)
            if access(file, X_OK) == 0, DiskPath.isFile(file) { return .path(FilePath(file)) }
        }
        return .name(name)
    }
}
