/// Finds what somebody probably meant to type.
public enum NearestName {
    /// The candidate nearest to `name` by swapped, missing, extra and wrong letters, or nil when none is near enough
    /// (one slip in names of up to five letters, one more for every three letters after that).
    public static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars.prefix(longest))
        var limit = max(1, wanted.count / 3)
        guard wanted.count > 1 else { return nil }
        var best: String?
        for candidate in candidates where candidate != name {
            let letters = Array(candidate.lowercased().unicodeScalars.prefix(longest))
            guard abs(letters.count - wanted.count) <= limit else { continue }
            let distance = distance(wanted, letters)
            guard distance < limit || (distance == limit && best == nil), distance < letters.count else { continue }
            best = candidate
            limit = distance
        }
        return best
    }

    /// `did you mean "x"?`, or nil when nothing is near.
    public static func hint(for name: String, among candidates: some Sequence<String>) -> String? {
        of(name, among: candidates).map { "did you mean \"\($0)\"?" }
    }

    /// Longer names are compared by their beginning: the work is quadratic.
    private static let longest = 128

    /// Damerau-Levenshtein distance (optimal string alignment).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a == b ? 0 : 1))
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
