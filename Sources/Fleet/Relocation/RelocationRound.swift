internal import Values

/// Finds hosts for VMs that leave theirs, all of them together. Pure.
///
/// Those of one affinity group go to one host or stay; those that keep apart do so there too.
struct RelocationRound {
    struct Leaver: Sendable {
        let request: PlacementRound.Request
        let affinity: Set<String>
        let memoryMiB: Int

        var name: String { request.name }
    }

    private var round: PlacementRound

    /// - Parameter candidates: the hosts that they may go to; none that is to be left.
    /// - Returns: for each of the leavers, in their order, its host, or why there is none.
    static func places(
        for leavers: [Leaver], on candidates: [PlacementRound.Candidate]
    ) -> [Result<String, Diagnostic>] {
        var round = Self(round: PlacementRound(candidates))
        var places: [Int: Result<String, Diagnostic>] = [:]
        for company in companies(leavers) {
            let found = round.places(for: company.map { leavers[$0] })
            for (index, place) in zip(company, found) { places[index] = place }
        }
        return leavers.indices.compactMap { places[$0] }
    }

    /// Those that stay together, the large companies first, and the large VMs of each.
    private static func companies(_ leavers: [Leaver]) -> [[Int]] {
        var companies: [(groups: Set<String>, members: [Int])] = []
        for (index, leaver) in leavers.enumerated() {
            var joined = (groups: leaver.affinity, members: [index])
            companies.removeAll { company in
                guard !company.groups.isDisjoint(with: joined.groups) else { return false }
                joined.groups.formUnion(company.groups)
                joined.members += company.members
                return true
            }
            companies.append(joined)
        }
        func precedes(_ left: Int, _ right: Int) -> Bool {
            (leavers[right].memoryMiB, leavers[left].name) < (leavers[left].memoryMiB, leavers[right].name)
        }
        func size(_ company: [Int]) -> Int { company.reduce(0) { $0 + leavers[$1].memoryMiB } }
        return companies.map { $0.members.sorted(by: precedes) }
            .sorted { size($0) != size($1) ? size($0) > size($1) : precedes($0[0], $1[0]) }
    }

    private mutating func places(for company: [Leaver]) -> [Result<String, Diagnostic>] {
        guard company.count > 1 else { return company.map { place($0) } }
        var obstacles: [String] = []
        for verdict in round.judge(company[0].request) {
            var trial = round
            let placings = company.map { trial.place($0.request.only(on: verdict.host)) }
            if let kept = placings.first(where: { $0.host == nil }) {
                let why = kept.verdicts.first { $0.host == verdict.host }?.obstacles.map(\.text) ?? []
                obstacles.append("\(verdict.host): not \"\(kept.name)\": \(why.joined(separator: "; "))")
                continue
            }
            round = trial
            return company.map { _ in .success(verdict.host) }
        }
        let names = company.map { "\"\($0.name)\"" }.joined(separator: ", ")
        let refusal = Diagnostic.error(
            "no host can have all of \(names), which stay together", detail: obstacles.joined(separator: "\n"))
        return company.map { _ in .failure(refusal) }
    }

    private mutating func place(_ leaver: Leaver) -> Result<String, Diagnostic> {
        let placing = round.place(leaver.request)
        if let host = placing.host { return .success(host) }
        guard !placing.verdicts.isEmpty else { return .failure(.error("there is no other hypervisor")) }
        var refusal = placing.refusal
        refusal.hint = nil
        return .failure(refusal)
    }
}

extension PlacementRound.Request {
    fileprivate func only(on host: String) -> Self {
        var request = self
        request.allowed = (allowed ?? [host]).intersection([host])
        request.place = allowed?.contains(host) == false ? place : nil
        return request
    }
}
