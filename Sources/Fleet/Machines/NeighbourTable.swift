/// The controller's own neighbour table: guests that it talked to lately.
enum NeighbourTable {
    /// IPv4 addresses known for any of the MAC addresses.
    static func addresses(of macs: [String]) -> [String] {
        let wanted = Set(macs.map { $0.lowercased() })
        guard let text = try? DiskFile.readText("/proc/net/arp") else { return [] }
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count >= 4, wanted.contains(fields[3].lowercased()), fields[2] != "0x0" else { return nil }
            return String(fields[0])
        }
    }
}
