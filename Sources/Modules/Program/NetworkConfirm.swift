/// The controller's part in a network change: it confirms, over a new connection, that the host can be reached.
package enum NetworkConfirm {
    /// What to run on the host; nil when the token is none. It prints `confirmed`, or `not now` while the host has not
    /// changed its network yet, and when it has taken the change back.
    package static func script(_ token: String) -> String? {
        guard !token.isEmpty,
            token.utf8.allSatisfy({ byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            })
        else { return nil }
        // Of this rename and the host's own at the deadline only one can succeed.
        let mark = "/run/drover/network-\(token)"
        return "if mv \(mark) \(mark).confirmed 2>/dev/null; then echo confirmed; else echo 'not now'; fi\n"
    }
}
