internal import ArgumentParser

/// The common options are accepted before the command's words too: they are moved behind them.
enum GlobalOptionOrder {
    private static let flags: Set<String> = ["--yes", "-v", "--verbose"]

    /// - Parameter arguments: as given, without the program's name.
    static func movedBehindCommand(_ arguments: [String], root: any ParsableCommand.Type) -> [String] {
        var moved: [String] = []
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-"), word != "--", !isHelp(word) {
            rest.removeFirst()
            moved.append(word)
            let takesValue = !flags.contains(word) && !word.contains("=")
            if takesValue, let value = rest.first {
                moved.append(value)
                rest.removeFirst()
            }
        }
        guard !moved.isEmpty else { return arguments }
        // Options alone are no command: show what there is, as for no words at all.
        guard !rest.isEmpty else { return [] }
        let depth = commandDepth(Array(rest), root: root)
        return Array(rest.prefix(depth)) + moved + Array(rest.dropFirst(depth))
    }

    private static func isHelp(_ word: String) -> Bool { ["-h", "--help", "--version"].contains(word) }

    /// How many of the first words name commands.
    private static func commandDepth(_ words: [String], root: any ParsableCommand.Type) -> Int {
        var command = root
        var depth = 0
        for word in words {
            let next = command.configuration.subcommands.first { candidate in
                candidate._commandName == word || candidate.configuration.aliases.contains(word)
            }
            guard let next else { return depth }
            command = next
            depth += 1
        }
        return depth
    }
}
