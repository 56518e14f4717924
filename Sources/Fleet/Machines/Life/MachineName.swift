internal import Hypervisor
internal import Inventory
internal import Values

/// A name for a VM or a snapshot, and whether it is free.
enum MachineName {
    /// - Parameter kind: what the name is for, such as `a snapshot`.
    static func validate(_ name: String, for kind: String) throws(Diagnostics) {
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "._-".utf8.contains(byte)
            }
        }
        let first = name.utf8.first.map { !"._-".utf8.contains($0) } ?? false
        guard allowed, first, name.utf8.count <= 63 else {
            throw Diagnostics(
                .error(
                    "\"\(name)\" is no name for \(kind)",
                    hint: "use up to 63 letters, digits, dots, dashes and underscores, a letter or digit first"))
        }
    }

    /// - Parameter assumed: hosts that do not answer and yet shall not keep the name from being used.
    /// - Throws: `Diagnostics` when a host has a VM of that name, or does not answer and may have one.
    static func refuseTaken(
        _ name: String, _ answers: [MachineCensus.Answer], assumedAbsent assumed: [String]
    ) throws(Diagnostics) {
        for answer in answers {
            switch answer.machines {
            case .success(let machines):
                guard let taken = machines.first(where: { $0.name == name }) else { continue }
                throw Diagnostics(
                    .error(
                        "the name \"\(name)\" is taken", detail: "a VM of that name is \(taken.state.activity.name)",
                        hint: "choose another name, or delete that one", host: answer.host.name))
            case .failure(let problem):
                if assumed.contains(answer.host.name) { continue }
                throw Diagnostics(
                    .error(
                        "it cannot be known whether the name \"\(name)\" is free",
                        detail: problem.diagnostic.summary,
                        hint: "if \(answer.host.name) has no such VM for sure, add --assume-absent \(answer.host.name)",
                        host: answer.host.name))
            }
        }
    }
}

extension Journal {
    /// Refuses a name that an unfinished operation of this fleet directory has made things under.
    func refuseUnsettled(named name: String) throws(Diagnostics) {
        guard let open = unfinished().first(where: { $0.isUnder(name) }) else { return }
        throw Diagnostics(
            .error(
                "the operation \(open.id) (\(open.kind)) under the name \"\(name)\" is not settled",
                hint: "run `drover op recover \(open.id)` first"))
    }

    /// Whether an operation under a name has ended within the last seconds.
    func hasEnded(under name: String, within seconds: Int) -> Bool {
        closed(within: seconds).contains { $0.isUnder(name) }
    }
}

extension OperationRecord {
    fileprivate func isUnder(_ name: String) -> Bool { (all("vm") + all("new")).contains(name) }
}
