/// What the states of a plan look at on the host, each thing once, by number: so that one batch answers for all.
struct Registers: Sendable {
    private(set) var paths: [String] = []
    private(set) var packages: [String] = []
    private(set) var units: [String] = []
    /// The paths whose content is compared.
    private(set) var hashed: Set<Int> = []
    private var places: [String: Int] = [:]

    mutating func path(_ path: String, hashed compares: Bool) -> Int {
        let number = Self.number(of: path, kind: "p", in: &paths, &places)
        if compares { hashed.insert(number) }
        return number
    }

    mutating func package(_ name: String) -> Int { Self.number(of: name, kind: "k", in: &packages, &places) }

    mutating func unit(_ name: String) -> Int { Self.number(of: name, kind: "u", in: &units, &places) }

    private static func number(
        of name: String, kind: String, in list: inout [String], _ places: inout [String: Int]
    ) -> Int {
        if let known = places[kind + name] { return known }
        list.append(name)
        places[kind + name] = list.count - 1
        return list.count - 1
    }

    /// The assignments that the shell's side reads.
    var assignments: [String] {
        var lines = [
            ShellText.assignment("paths", Self.numbers(paths.count)),
            ShellText.assignment("hashed", hashed.sorted().map(String.init).joined(separator: " ")),
            ShellText.assignment("packages", Self.numbers(packages.count)),
            ShellText.assignment("units", Self.numbers(units.count)),
        ]
        for (number, path) in paths.enumerated() { lines.append(ShellText.assignment("path_\(number)", path)) }
        for (number, name) in packages.enumerated() { lines.append(ShellText.assignment("package_\(number)", name)) }
        for (number, name) in units.enumerated() { lines.append(ShellText.assignment("unit_\(number)", name)) }
        return lines
    }

    private static func numbers(_ count: Int) -> String { (0..<count).map(String.init).joined(separator: " ") }
}
