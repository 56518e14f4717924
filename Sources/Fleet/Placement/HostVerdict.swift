package import Values

/// What is thought of one host for one VM.
package struct HostVerdict: Sendable, Hashable {
    /// Something that speaks against a host.
    package struct Obstacle: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable {
            case unreachable, maintenance, place, memory, cpus, disk, spread, affinity, architecture, processor
            case network, pool, entry
        }

        package let kind: Kind
        /// A sentence without a full stop.
        package let text: String

        package init(_ kind: Kind, _ text: String) {
            self.kind = kind
            self.text = text
        }

        /// Whether the VM could be made there all the same, if its user insists on the host.
        package var canBeOverruled: Bool {
            switch kind {
            case .maintenance, .place, .memory, .cpus, .disk, .spread, .affinity: true
            case .unreachable, .architecture, .processor, .network, .pool, .entry: false
            }
        }
    }

    /// A part of the score.
    package struct Part: Sendable, Hashable {
        package let name: String
        package let points: Int
    }

    package let host: String
    package var obstacles: [Obstacle] = []
    package var parts: [Part] = []
    /// What could not be learnt about it.
    package var unknown: [String] = []
    /// VMs that it has: of equal hosts the one with fewer is taken, so that small VMs do not herd.
    package var machines = 0

    package init(host: String) { self.host = host }

    package var isFit: Bool { obstacles.isEmpty }
    package var score: Int { parts.reduce(0) { $0 + $1.points } }

    /// Whether this host is to be taken rather than another. A total order: the same fleet gives the same answer.
    func precedes(_ other: HostVerdict) -> Bool {
        if isFit != other.isFit { return isFit }
        if score != other.score { return score > other.score }
        if machines != other.machines { return machines < other.machines }
        return host < other.host
    }

    /// Stable API: programs read these keys.
    package var value: Value {
        [
            "host": Value(host), "fit": Value(isFit), "score": isFit ? Value(score) : .null,
            "parts": Value(Mapping(parts.map { ($0.name, Value($0.points)) })),
            "excluded": Value(obstacles.map { ["reason": Value($0.kind.rawValue), "text": Value($0.text)] }),
            "unknown": Value(unknown.map { Value($0) }),
        ]
    }
}
