/// The ledger's lines folded into what holds now.
struct LedgerBook: Sendable {
    private struct Holder: Hashable {
        var name: String
        var plane: Plane
    }

    private(set) var lines: [LedgerLine] = []
    private(set) var entries: [LedgerEntry] = []
    /// The highest CRL number of each plane.
    private(set) var crlNumbers: [Plane: Int] = [:]
    private var bySerial: [String: Int] = [:]
    private var latest: [Holder: Int] = [:]

    mutating func add(_ line: LedgerLine) {
        lines.append(line)
        switch line.action {
        case .issue:
            guard let entry = LedgerEntry(line) else { return }
            bySerial[entry.serial] = entries.count
            latest[Holder(name: entry.name, plane: entry.plane)] = entries.count
            entries.append(entry)
        case .revoke:
            guard let serial = line.serial, let index = bySerial[serial], entries[index].revocation == nil else {
                return
            }
            entries[index].revocation = Revocation(
                at: UnixTime.seconds(iso8601: line.at) ?? 0, by: line.by, reason: line.reason)
        case .crl:
            crlNumbers[line.plane] = max(crlNumbers[line.plane] ?? 0, line.number ?? 0)
        default:
            break
        }
    }

    func entry(serial: String) -> LedgerEntry? { bySerial[serial].map { entries[$0] } }

    func latest(name: String, plane: Plane) -> LedgerEntry? {
        latest[Holder(name: name, plane: plane)].map { entries[$0] }
    }
}
