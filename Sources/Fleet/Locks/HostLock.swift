/// A lock on one host.
struct HostLock: Sendable, Hashable {
    /// What is locked, as a file name: `vm-web1`.
    let subject: String
    /// Its own word, which nobody else's lock ever has.
    let nonce: String

    init(_ subject: String) {
        self.subject = subject
        nonce = Nonce.make()
    }
}

/// What a host's lock program says.
enum LockAnswer: Sendable, Hashable {
    /// - Parameter unsettled: operations on the same subject that left their records on the host.
    case taken(unsettled: [String])
    case held(LockHolder)
    case renewed, lost, dropped, noted
    case refused(String)

    /// - Parameter words: of a line behind its mark.
    /// - Returns: nil for what means nothing; the word of the lock that it is about.
    static func read(_ words: [Substring]) -> (nonce: String, answer: LockAnswer)? {
        guard words.count >= 2 else { return nil }
        let rest = words[2...]
        let answer: LockAnswer? =
            switch words[0] {
            case "taken": .taken(unsettled: rest.filter(Self.isOperation).map { String($0) })
            case "held": LockHolder(rest).map { .held($0) }
            case "renewed": .renewed
            case "lost": .lost
            case "dropped": .dropped
            case "noted": .noted
            case "refused": .refused(rest.joined(separator: " "))
            default: nil
            }
        return answer.map { (String(words[1]), $0) }
    }

    /// What an identifier of an operation is made of.
    static func isOperation(_ word: Substring) -> Bool {
        word.utf8.count <= 64
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
