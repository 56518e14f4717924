internal import Glibc
internal import Values

/// Becoming another program.
enum Replacement {
    /// Replaces this process, with its directory and environment; signals and terminal are as they were.
    /// - Throws: `Diagnostics` when it cannot be started.
    static func become(_ words: [String]) throws(Diagnostics) -> Never {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        // The mask of this thread is the one that outlives it.
        Interrupts.unblock()
        fflush(nil)
        execvp(words[0], pointers)
        throw Diagnostics(
            .error("cannot run \(words[0])", detail: String(cString: strerror(errno)), hint: "is it installed?"))
    }
}
