/// One thing in which a definition on a host is not what is wanted.
public struct SpecDifference: Sendable, Hashable {
    /// What it is about, by the words of the specification: `target`, `source.hosts`, `ipv4.ranges`.
    public var property: String
    /// As it is; nil when nothing is said there.
    public var found: String?
    /// As it should be; nil when nothing should be said.
    public var wanted: String?

    public init(_ property: String, found: String?, wanted: String?) {
        self.property = property
        self.found = found
        self.wanted = wanted
    }

    /// Compares two lists of properties.
    /// - Parameter optional: those that libvirt fills in when they are left out: not compared unless they are wanted.
    static func between(
        found: [(String, String?)], wanted: [(String, String?)], optional: Set<String>
    ) -> [SpecDifference] {
        let there = Dictionary(found.compactMap { name, value in value.map { (name, $0) } }) { first, _ in first }
        let asked = Dictionary(wanted.compactMap { name, value in value.map { (name, $0) } }) { first, _ in first }
        var names: [String] = []
        for (name, _) in wanted + found where !names.contains(name) { names.append(name) }
        return names.compactMap { name in
            if asked[name] == nil, optional.contains(name) { return nil }
            return asked[name] == there[name] ? nil : SpecDifference(name, found: there[name], wanted: asked[name])
        }
    }
}
