package import Values

/// What has a name and can be laid over another of that name: how Salt merges a profile with arguments.
package protocol ProfileItem: Sendable {
    var name: String { get set }
    init(_ mapping: Mapping, name: String) throws(Diagnostics)
    init(argument: String) throws(Diagnostics)
    func overlaid(by other: Self) -> Self
}

extension ProfileItem {
    /// Reads Salt's forms: a mapping of names, a list of one-key mappings, a list of mappings with `name`; and the
    /// notation of options, alone or in a list.
    package static func list(_ value: Value) throws(Diagnostics) -> [Self] {
        var items: [Self] = []
        if let mapping = value.map {
            for (key, value) in mapping { try items.append(item(value, name: key.scalarText ?? "")) }
            return items
        }
        for part in value.list ?? [value] {
            if let mapping = part.map, mapping.count == 1, let (key, inner) = mapping.first(where: { _ in true }),
                inner.map != nil || inner.isNull
            {
                try items.append(item(inner, name: key.scalarText ?? ""))
            } else {
                try items.append(item(part, name: ""))
            }
        }
        return items
    }

    private static func item(_ value: Value, name: String) throws(Diagnostics) -> Self {
        if let mapping = value.map { return try Self(mapping, name: name) }
        if value.isNull { return try Self(Mapping(), name: name) }
        guard let text = value.scalarText else {
            throw Diagnostics(.error("expected a mapping, found \(value.kindName)", mark: value.mark))
        }
        do throws(Diagnostics) {
            var item = try Self(argument: text)
            if item.name.isEmpty { item.name = name }
            return item
        } catch {
            throw error.marked(value.mark)
        }
    }

    /// `items` with `others` laid over those of their names; one without a name goes by its position, and what is over
    /// comes behind.
    package static func merged(_ items: [Self], _ others: [Self]) -> [Self] {
        var result = items
        for (other, place) in zip(others, places(of: others, in: items)) {
            if place < result.count { result[place] = result[place].overlaid(by: other) } else { result.append(other) }
        }
        return result
    }

    /// Where each of `others` is once it is laid over `items`.
    static func places(of others: [Self], in items: [Self]) -> [Int] {
        var names = items.map(\.name)
        return others.enumerated().map { position, other in
            let same =
                other.name.isEmpty
                ? (items.indices.contains(position) ? position : nil) : names.firstIndex(of: other.name)
            if same == nil { names.append(other.name) }
            return same ?? names.count - 1
        }
    }
}

extension DiskRequest: ProfileItem {}
extension NICRequest: ProfileItem {}

extension Diagnostics {
    /// With a place for those that have none.
    func marked(_ mark: Mark?) -> Diagnostics {
        Diagnostics(
            all.map { problem in
                var problem = problem
                problem.mark = problem.mark ?? mark
                return problem
            }) ?? self
    }
}
