internal import Inventory
internal import Values

/// What libvirt does not tell of a host: memory that is really available, load, bridges, and whether it is in
/// maintenance or drained.
struct HostSystem: Sendable, Hashable {
    /// A file that is there while the host is not to be given VMs; what it says is the reason. It is on the host, so that
    /// every controller sees it.
    static let maintenanceMark = "/var/lib/drover/maintenance"

    var availableMiB: Int?
    var load: Double?
    var links: Set<String> = []
    var bridges: Set<String> = []
    var maintenance: String?
    /// Nil when it is not drained.
    var drain: DrainMark?

    /// What a host says; why it does not, as a failure.
    static func ask(_ host: Host, _ connector: any Connector) async -> Result<HostSystem, HostProblem> {
        do throws(HostProblem) {
            let connection = try await connector.connect(to: host)
            do throws(HostProblem) {
                let text = try await script.run(on: connection, host: host.name, doing: "look at the host")
                await connection.close()
                return .success(HostSystem(text))
            } catch {
                await connection.close()
                throw error
            }
        } catch {
            return .failure(error)
        }
    }

    /// Why the host is not to be given VMs; nil when it is in service.
    var outOfService: String? { maintenance ?? drain?.words }

    private static let script = HostScript(
        variables: [("mark", maintenanceMark), ("drained", DrainMark.path)],
        """
        sed -n 's/^MemAvailable: *\\([0-9]*\\) kB$/memory \\1/p' /proc/meminfo
        read -r load rest < /proc/loadavg && echo "load $load"
        for link in /sys/class/net/*; do
            [ -e "$link" ] || continue
            echo "link ${link##*/}"
            [ -d "$link/bridge" ] && echo "bridge ${link##*/}"
        done
        if [ -e "$mark" ]; then
            read -r reason < "$mark" || :
            printf 'maintenance %.200s\\n' "${reason-}"
        fi
        if [ -e "$drained" ]; then
            read -r said < "$drained" || :
            printf 'drained %.4000s\\n' "${said-}"
        fi
        exit 0
        """)

    /// Reads what the script printed; lines that mean nothing are passed over.
    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            let rest = words.count == 2 ? String(words[1]) : ""
            switch words[0] {
            case "memory": availableMiB = Int(rest).map { $0 >> 10 }
            case "load": load = Double(rest)
            case "link": links.insert(rest)
            case "bridge": bridges.insert(rest)
            case "maintenance": maintenance = Printable.line(rest)
            case "drained": drain = DrainMark(rest)
            default: continue
            }
        }
    }
}

extension Result<HostSystem, HostProblem> {
    /// What is known enters the stock; what is not is said.
    func add(to stock: inout HostStock) {
        switch self {
        case .success(let system):
            stock.availableMiB = system.availableMiB ?? stock.availableMiB
            stock.load = system.load
            stock.links = system.links
            stock.bridges = system.bridges
            stock.maintenance = system.outOfService
            stock.drain = system.drain
        case .failure(let problem):
            stock.isMaintenanceUnknown = true
            stock.unknown.append("load, bridges and maintenance: \(problem.diagnostic.summary)")
        }
    }
}
