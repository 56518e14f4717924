/// The arguments that mean the same for every state.
package enum Keywords {
    /// What the run obeys around a state function, not the function itself.
    package static let runtime: Set<String> = [
        "onlyif", "unless", "creates", "check_cmd", "cmd_opts_exclude", "retry", "parallel", "failhard", "fire_event",
        "reload_modules", "reload_grains", "reload_pillar", "runas", "runas_password", "umask", "saltenv", "aggregate",
        "no_log", "provider", "onfail_stop", "timeout",
    ]

    /// What the compiler itself reads.
    static let structural: Set<String> = ["name", "names", "order", "state", "fun"]

    static let use = "use"
    static let useIn = "use_in"

    /// Whether the word is a requisite in its direct or its reverse form.
    static func isRequisite(_ word: String) -> Bool { isDirect(word) || isReverse(word) }

    static func isDirect(_ word: String) -> Bool {
        word == use || RequisiteKind.written.contains { $0.rawValue == word }
    }

    static func isReverse(_ word: String) -> Bool { word == useIn || RequisiteKind.reversed[word] != nil }

    /// Whether every state takes the argument.
    static func isGlobal(_ word: String) -> Bool {
        runtime.contains(word) || structural.contains(word) || isRequisite(word) || word.hasPrefix("__")
    }

    /// All words, for the nearest name.
    static var all: [String] {
        runtime.union(structural).union(RequisiteKind.written.map(\.rawValue)).union(RequisiteKind.reversed.keys)
            .union([use, useIn]).sorted()
    }
}
