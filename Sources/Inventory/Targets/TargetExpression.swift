package import Values

/// A target: host and group names, globs, ranges, `/regex/`, `role:x`, `fact:k=v`, `var:a.b=v`, `vm:name`, `@failed`,
/// `@unreachable`, combined by `and`, `or` or a comma, `not` and parentheses. `all` means every host.
package struct TargetExpression: Sendable {
    /// As it was written.
    package let text: String
    private let term: TargetTerm
    private let place: Mark?

    /// Parses an expression.
    /// - Parameter place: where it stands, if it comes from a file; otherwise diagnostics quote the expression itself.
    package init(_ text: String, at place: Mark? = nil) throws(Diagnostics) {
        self.text = text
        self.place = place
        do throws(TargetParser.Problem) {
            term = try TargetParser.parse(text)
        } catch {
            throw Diagnostics(
                .error(error.message, hint: error.hint, mark: Self.mark(text, error.offset, place)))
        }
    }

    /// Whether facts have to be gathered before it can be evaluated.
    package var needsFacts: Bool {
        term.all.contains { if case .fact = $0 { true } else { false } }
    }

    /// Names and globs of VMs it mentions by `vm:`, which have to be added to the inventory as hosts first.
    package var machines: [String] {
        term.all.compactMap { if case .machine(let name) = $0 { name } else { nil } }
    }

    /// Whether it names VMs as such: by `vm:`, or by their group.
    package var namesMachines: Bool {
        term.all.contains { term in
            switch term {
            case .machine, .name(Inventory.machineGroup, _): true
            default: false
            }
        }
    }

    /// Whether it asks how the last run ended.
    package var needsLastRun: Bool {
        term.all.contains { if case .lastRun = $0 { true } else { false } }
    }

    /// Whether a name, pattern, role, fact or var of it fits one of these hosts, wherever it stands in the expression;
    /// `all` does not count.
    package func fits(_ hosts: [Host], facts: [String: Value] = [:]) -> Bool {
        term.all.contains { part in
            switch part {
            case .name("all", _), .lastRun, .not, .and, .or: return false
            default:
                let match = TargetMatch(part, facts: facts, lastRun: [:])
                return hosts.contains { match.matches($0) }
            }
        }
    }

    /// Plain names it mentions that the inventory does not know: VMs perhaps.
    package func unknownNames(in inventory: Inventory) -> [String] {
        term.all.compactMap { term in
            guard case .name(let name, _) = term, !TargetMatch.isKnown(name, in: inventory) else { return nil }
            return name
        }
    }

    /// The hosts it means, in the inventory's order.
    package func hosts(
        in inventory: Inventory, facts: [String: Value] = [:], failed: Set<String>? = nil,
        unreachable: Set<String>? = nil
    ) throws(Diagnostics) -> [Host] {
        let problems = term.all.compactMap { problem(in: $0, inventory, failed: failed, unreachable: unreachable) }
        if let problems = Diagnostics(problems) { throw problems }
        let match = TargetMatch(term, facts: facts, lastRun: [.failed: failed ?? [], .unreachable: unreachable ?? []])
        return inventory.hosts.filter { match.matches($0) }
    }

    private func problem(
        in term: TargetTerm, _ inventory: Inventory, failed: Set<String>?, unreachable: Set<String>?
    ) -> Diagnostic? {
        switch term {
        case .name(let name, let offset) where !TargetMatch.isKnown(name, in: inventory):
            let known = inventory.hosts.map(\.name) + inventory.groups.map(\.name)
            return .error(
                "unknown host or group \"\(name)\"",
                detail: known.isEmpty ? "the inventory has no hosts" : nil,
                hint: NearestName.hint(for: name, among: known), mark: Self.mark(text, offset, place))
        case .lastRun(let run, let offset) where (run == .failed ? failed : unreachable) == nil:
            return .error(
                "\"@\(run.rawValue)\" means nothing before the first run", mark: Self.mark(text, offset, place))
        default: return nil
        }
    }

    private static func mark(_ text: String, _ offset: Int, _ place: Mark?) -> Mark {
        place ?? Mark(source: SourceText(name: "<target>", text: text), line: 1, column: offset + 1)
    }
}
