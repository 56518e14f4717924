import Glibc

/// Ways into a lab for a command that takes this process's place.
enum Entry {
    /// Words that run a command by sh on a host, as root in root's home; without a command, a login shell.
    static func words(into leader: ProcessIdentity, command: String?) -> [String] {
        let terminal = getenv("TERM").map { String(cString: $0) } ?? "dumb"
        let enter = [
            "nsenter", "--target", String(leader.number), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
            "--root", "--",
        ]
        let environment = [
            "env", "-i", "HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh", "LANG=C.UTF-8", "TERM=\(terminal)",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        let start = "cd && if [ \"$#\" -gt 0 ]; then exec sh -c \"$1\"; fi; exec \"$(command -v bash || echo sh)\" -l"
        return enter + environment + ["sh", "-c", start, "sh"] + [command].compactMap(\.self)
    }

    /// Replaces this process by a program, with its directory and environment, and with no signal blocked.
    static func replace(_ words: [String]) throws(LabError) -> Never {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        for number in [SIGPIPE, SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        execvp(words[0], pointers)
        throw LabError(.tool, "cannot run \"\(words[0])\"", detail: String(cString: strerror(errno)))
    }
}

extension Lab {
    /// What runs words by sh on a host (joined by spaces, as ssh does), or a login shell if there are none. It does
    /// not go through the network, so it works where a cable is cut.
    package func shellCommand(_ wanted: String, _ words: [String]) throws(LabError) -> [String] {
        let container = try running(wanted).container
        guard let leader = container.leader else { throw LabError(.down, "host \"\(wanted)\" is just starting") }
        return Entry.words(into: leader, command: words.isEmpty ? nil : words.joined(separator: " "))
    }

    /// Replaces this process by `shellCommand`.
    package func shell(_ wanted: String, _ words: [String]) throws(LabError) -> Never {
        try Entry.replace(shellCommand(wanted, words))
    }

    /// Replaces this process by a command inside the lab's network, as the controller. Only the network changes:
    /// directory, environment and files, /etc/resolv.conf too, stay as they are.
    package func exec(_ words: [String]) throws(LabError) -> Never {
        guard !words.isEmpty else { throw LabError(.invalid, "no command to run in the lab's network") }
        _ = try existing()
        try Entry.replace(networkPrefix() + words)
    }

    /// Words that run what follows them inside the lab's network, for those that keep their own process.
    package func networkPrefix() throws(LabError) -> [String] { LabSwitch.entering(try controller()) }

    /// The path of the guest image, made at the first call.
    package static func image(progress: LabProgress = { _ in }) async throws(LabError) -> String {
        try Prerequisites.checkImage()
        return try await GuestImage.prepare(progress: progress).disk
    }
}
