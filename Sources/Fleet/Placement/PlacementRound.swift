internal import Inventory
package import Values

/// Gives VMs to hosts one after the other, each seeing what the ones before it took. Pure.
struct PlacementRound {
    /// A host, with what it has or why that is not known.
    struct Candidate: Sendable {
        let host: String
        var stock: Result<HostStock, Diagnostic>
        var ratios = OvercommitRatios()
    }

    /// One VM to be placed.
    struct Request: Sendable {
        let name: String
        /// What it needs of each host; a mistake in its entry or in the host's profiles instead.
        let demands: [String: Result<MachineDemand, Diagnostics>]
        /// Hosts that its target expression means; nil for any.
        var allowed: Set<String>?
        /// What that expression is, for messages.
        var place: String?
        /// The one host that it is to be on, whatever soft reasons speak against it.
        var fixed: String?
    }

    private(set) var candidates: [Candidate]

    init(_ candidates: [Candidate]) { self.candidates = candidates }

    /// The host for a VM, which from then on counts as taken up by it.
    mutating func place(_ request: Request) -> MachinePlacing {
        let verdicts = judge(request)
        let placing = MachinePlacing(name: request.name, fixed: request.fixed, verdicts: verdicts)
        if let host = placing.host { take(request, host) }
        return placing
    }

    /// Counts a VM as being on a host.
    private mutating func take(_ request: Request, _ host: String) {
        guard let index = candidates.firstIndex(where: { $0.host == host }),
            case .success(var stock) = candidates[index].stock, case .success(let demand)? = request.demands[host]
        else { return }
        stock.machines.removeAll { $0.name == demand.name }
        stock.machines.append(demand.machine)
        stock.availableMiB = stock.availableMiB.map { $0 - demand.memoryMiB }
        for (name, bytes) in demand.disks { stock.pools[name]?.promised += bytes }
        candidates[index].stock = .success(stock)
    }

    /// Every host's verdict, best first.
    func judge(_ request: Request) -> [HostVerdict] {
        let homes = affinityHomes(request)
        return candidates.map { candidate in
            var verdict = self.verdict(candidate, request)
            if let allowed = request.allowed, !allowed.contains(candidate.host) {
                verdict.obstacles.append(.init(.place, "\"\(request.place ?? "")\" does not mean it"))
            }
            for (group, hosts) in homes.sorted(by: { $0.key < $1.key }) where !hosts.contains(candidate.host) {
                let place = hosts.sorted().joined(separator: ", ")
                verdict.obstacles.append(.init(.affinity, "the affinity group \"\(group)\" is on \(place)"))
            }
            if !verdict.isFit { verdict.parts = [] }
            return verdict
        }.sorted { $0.precedes($1) }
    }

    private func verdict(_ candidate: Candidate, _ request: Request) -> HostVerdict {
        switch (candidate.stock, request.demands[candidate.host]) {
        case (.failure(let problem), _):
            var verdict = HostVerdict(host: candidate.host)
            verdict.obstacles = [.init(.unreachable, problem.summary)]
            return verdict
        case (.success, .failure(let problems)?):
            var verdict = HostVerdict(host: candidate.host)
            verdict.obstacles = problems.all.map { .init(.entry, $0.summary) }
            return verdict
        case (.success(let stock), .success(let demand)?):
            return PlacementScore(demand: demand, ratios: candidate.ratios).verdict(of: candidate.host, stock)
        case (.success, nil):
            return HostVerdict(host: candidate.host)
        }
    }

    /// Where the VMs of its affinity groups are, for those groups that have any.
    private func affinityHomes(_ request: Request) -> [String: Set<String>] {
        let groups = request.demands.values.compactMap { try? $0.get().affinity }.reduce(into: Set()) {
            $0.formUnion($1)
        }
        var homes: [String: Set<String>] = [:]
        for candidate in candidates {
            guard case .success(let stock) = candidate.stock else { continue }
            for machine in stock.machines where machine.name != request.name {
                for group in machine.affinity.intersection(groups) { homes[group, default: []].insert(candidate.host) }
            }
        }
        return homes
    }
}

/// Where a VM is to be made, and what was thought of every host.
package struct MachinePlacing: Sendable {
    package let name: String
    /// The host that its user insists on.
    package let fixed: String?
    /// Nil when no host will do.
    package let host: String?
    /// Best first.
    package let verdicts: [HostVerdict]
    /// What spoke against a host that its user insisted on.
    package let overruled: [HostVerdict.Obstacle]

    init(name: String, fixed: String?, verdicts: [HostVerdict]) {
        self.name = name
        self.fixed = fixed
        self.verdicts = verdicts
        guard let fixed else {
            host = verdicts.first.flatMap { $0.isFit ? $0.host : nil }
            overruled = []
            return
        }
        let verdict = verdicts.first { $0.host == fixed }
        let isPossible = verdict?.obstacles.allSatisfy(\.canBeOverruled) ?? false
        host = isPossible ? fixed : nil
        overruled = isPossible ? verdict?.obstacles ?? [] : []
    }

    /// The diagnostic for a VM that no host will have.
    package var refusal: Diagnostic {
        let shown = verdicts.filter { fixed == nil || $0.host == fixed }
        let lines = shown.flatMap { verdict in verdict.obstacles.map { "\(verdict.host): \($0.text)" } }
        guard !shown.isEmpty else {
            return .error("there is no hypervisor", hint: "give hosts the role \"hypervisor\" and run `drover apply`")
        }
        let summary = fixed.map { "\"\(name)\" cannot be on \($0)" } ?? "no host can have \"\(name)\""
        return .error(summary, detail: lines.joined(separator: "\n"), hint: "`--explain` shows how hosts are judged")
    }

    /// Whether hosts that did not answer may be the reason: only those that could have it if they did.
    package var isForSilence: Bool {
        host == nil
            && verdicts.contains { verdict in
                (fixed == nil || verdict.host == fixed) && verdict.obstacles.contains { $0.kind == .unreachable }
                    && !(fixed == nil && verdict.obstacles.contains { $0.kind == .place })
            }
    }

    package var value: Value {
        [
            "name": Value(name), "host": host.map { Value($0) } ?? .null,
            "hosts": Value(verdicts.map(\.value)), "overruled": Value(overruled.map { Value($0.text) }),
        ]
    }
}
