package import Values

/// How much of a host may be promised: `virt:placement` of its vars.
package struct OvercommitRatios: Sendable, Hashable {
    /// Of the memory; 1 promises what is there and no more.
    package var memory = 1.0
    /// Processors of guests for each of the host's: most guests wait most of the time.
    package var cpu = 8.0
    /// Of a pool's capacity: overlays on an image seldom fill up.
    package var disk = 2.0
    /// What the host itself needs.
    package var reservedMiB = 512

    package init() {}

    /// - Parameter vars: the host's.
    /// - Throws: `Diagnostics` for values that are no ratios, and keys that nobody reads.
    package init(vars: Mapping) throws(Diagnostics) {
        guard let given = Value(vars).at(["virt", "placement"]), !given.isNull else { return }
        guard let map = given.map else {
            throw Diagnostics(.error("virt:placement is a mapping, found \(given.kindName)", mark: given.mark))
        }
        var problems: [Diagnostic] = []
        func ratio(_ value: Value, least: Double) -> Double? {
            if let number = value.double ?? value.int.map(Double.init), number >= least, number <= 1000 {
                return number
            }
            problems.append(
                .error("bad ratio", detail: "expected a number from \(least) to 1000", mark: value.mark ?? given.mark))
            return nil
        }
        for (key, value) in map {
            switch key.string {
            case "memory_ratio": memory = ratio(value, least: 0.1) ?? memory
            case "cpu_ratio": cpu = ratio(value, least: 0.1) ?? cpu
            case "disk_ratio": disk = ratio(value, least: 0.1) ?? disk
            case "reserve_memory":
                do throws(Diagnostic) {
                    reservedMiB = try ByteSize(value).mebibytes
                } catch {
                    problems.append(error)
                }
            default:
                let known = ["memory_ratio", "cpu_ratio", "disk_ratio", "reserve_memory"]
                let name = key.scalarText ?? key.kindName
                problems.append(
                    .error(
                        "unknown key \"\(name)\" in virt:placement",
                        detail: "known are \(known.joined(separator: ", "))",
                        hint: NearestName.hint(for: name, among: known), mark: key.mark))
            }
        }
        if let found = Diagnostics(problems) { throw found }
    }
}
