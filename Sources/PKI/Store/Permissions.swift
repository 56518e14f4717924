import Glibc

/// Who may see the authority: its owner and nobody else.
enum Permissions {
    /// What is wrong with one file or directory, nil if nothing is.
    static func problem(_ path: String, _ info: stat) -> PKIError? {
        let user = geteuid()
        guard info.st_uid == user else {
            return PKIError(
                .permissions, "'\(path)' belongs to user \(info.st_uid), not to \(user)",
                hint: "run as its owner, or: chown -R \(user) \(quoted(path))", path: path)
        }
        let mode = info.st_mode & 0o7777
        guard mode & 0o077 != 0 else { return nil }
        let right = info.st_mode & S_IFMT == S_IFDIR ? "700" : "600"
        return PKIError(
            .permissions, "'\(path)' is open to group or others (mode 0\(String(mode, radix: 8)))",
            hint: "chmod \(right) \(quoted(path)), and issue the keys anew if somebody may have read them", path: path)
    }

    /// Examines a directory and everything in it; links are passed over, their targets in here are examined anyway.
    ///
    /// - Throws: `permissions` for the first file that is not private, saying how many more there are.
    static func examine(_ directory: String) throws(PKIError) {
        var problems: [PKIError] = []
        try walk(directory, depth: 0, into: &problems)
        guard var first = problems.first else { return }
        if problems.count > 1 {
            first.message += ", and so are \(problems.count - 1) more in '\(directory)'"
            first.hint = "\(first.hint ?? ""); for all: chmod -R go= \(quoted(directory))"
        }
        throw first
    }

    private static func walk(_ path: String, depth: Int, into problems: inout [PKIError]) throws(PKIError) {
        var info = stat()
        // A link given as the root is followed, as the user means what it points to.
        guard (depth == 0 ? stat(path, &info) : lstat(path, &info)) == 0 else {
            // Another process may have swept it since it was listed.
            if errno == ENOENT, depth > 0 { return }
            if errno == ENOENT {
                throw PKIError(
                    .missing, "there is no authority in '\(path)'", hint: "create it with: drover pki init", path: path)
            }
            throw .system("examine", path)
        }
        guard info.st_mode & S_IFMT != S_IFLNK else { return }
        if let problem = problem(path, info) { problems.append(problem) }
        guard info.st_mode & S_IFMT == S_IFDIR, depth < 4 else { return }
        for name in try SecureFile.names(in: path) { try walk("\(path)/\(name)", depth: depth + 1, into: &problems) }
    }

    /// A word for a POSIX shell.
    private static func quoted(_ path: String) -> String {
        var out = "'"
        for character in path { out += character == "'" ? "'\\''" : String(character) }
        return out + "'"
    }
}
