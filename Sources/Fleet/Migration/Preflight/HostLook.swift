internal import FoundationEssentials

/// What one host of a migration showed of itself, read from what `migration-look.sh` printed.
struct HostLook: Sendable, Hashable {
    /// One thing that is asked of a host.
    enum Question: Sendable, Hashable {
        case bridge(String)
        /// A bridge of Open vSwitch.
        case openvswitch(String)
        case link(String)
        /// By its path, or by its name where programs are looked for.
        case program(String)
        case file(String)
        /// Whether QEMU has UEFI firmware there.
        case firmware
        case resolve(String)
        /// Opens a port of QEMU's range for one connection.
        case listen

        var word: String {
            switch self {
            case .bridge(let name): "bridge=\(name)"
            case .openvswitch(let name): "openvswitch=\(name)"
            case .link(let name): "link=\(name)"
            case .program(let path): "program=\(path)"
            case .file(let path): "file=\(path)"
            case .firmware: "firmware=uefi"
            case .resolve(let name): "resolve=\(name)"
            case .listen: "listen=data"
            }
        }
    }

    /// QEMU's plane of certificates, by the files' purpose.
    enum CertificateFile: String, Sendable { case ca, server, client }

    private var answers: [Question: Bool] = [:]
    var cpus: Int?
    var machineID: String?
    /// What programs can have without swapping.
    var availableMiB: Int?
    /// Free huge pages: MiB by their size in KiB.
    var hugepagesMiB: [Int: Int] = [:]
    /// The size of those that are meant when none is named, in KiB.
    var hugepageSize: Int?
    /// The ports that libvirt gives memory and disks.
    var dataPorts = 49152...49215
    var addresses: Set<String> = []
    var listeningPorts: Set<Int> = []
    /// The port that was opened for ``Question/listen``.
    var openedPort: Int?
    /// PEM, as far as the files are there.
    var certificates: [CertificateFile: String] = [:]
    /// Whether programs may handle faults of their own memory, as QEMU does after post-copy; nil: it does not say.
    var allowsUserfaultfd: Bool?
    /// Whether `host drain` marked it.
    var isDrained = false
    /// Seconds since 1970 by the host's clock, less those by the controller's when the answer came.
    var clockOffset: Double?

    init() {}

    /// - Parameters:
    ///   - text: a host's words: a line that is not understood counts for nothing.
    ///   - questions: those that the script was given, in order.
    ///   - moment: the controller's clock in seconds, when the text arrived.
    init(_ text: String, questions: [Question], at moment: Double) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard let key = fields.first else { continue }
            let value = fields.count > 1 ? fields[1] : ""
            switch key {
            case "answer":
                guard let number = Int(value), questions.indices.contains(number) else { continue }
                answers[questions[number]] = fields.last == "yes"
            case "cpus": cpus = Int(value)
            case "machine": machineID = value
            case "available": availableMiB = Int(value).map { $0 >> 10 }
            case "hugepages":
                guard let size = Int(value), let count = fields.last.flatMap({ Int($0) }) else { continue }
                let (kibibytes, overflow) = size.multipliedReportingOverflow(by: count)
                if !overflow { hugepagesMiB[size] = kibibytes >> 10 }
            case "hugepage": hugepageSize = Int(value)
            case "range":
                guard let low = Int(value), let high = fields.last.flatMap({ Int($0) }), low <= high else { continue }
                dataPorts = low...high
            case "address": addresses.insert(value)
            case "listening": if let port = Int(value, radix: 16) { listeningPorts.insert(port) }
            case "port": openedPort = Int(value)
            case "certificate":
                guard let file = CertificateFile(rawValue: value), let encoded = fields.last,
                    let bytes = Data(base64Encoded: encoded)
                else { continue }
                certificates[file] = String(decoding: bytes, as: UTF8.self)
            case "drained": isDrained = true
            case "userfaultfd": allowsUserfaultfd = value == "1"
            case "clock": clockOffset = Double(value).map { $0 - moment }
            default: continue
            }
        }
    }

    /// Nil when it was not asked or did not answer.
    subscript(_ question: Question) -> Bool? {
        get { answers[question] }
        set { answers[question] = newValue }
    }
}

/// Whether the source reaches the destination, or the destination the source: what `migration-reach.sh` printed.
struct HostReach: Sendable, Hashable {
    /// Why not; nil for yes.
    var apiProblem: String?
    /// Nil for yes, or when it was not tried.
    var dataProblem: String?

    init(_ text: String) {
        apiProblem = "it did not say"
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard fields.count > 1 else { continue }
            let problem = fields[1] == "yes" ? nil : fields.count > 2 ? fields[2] : "no reason was given"
            if fields[0] == "api" { apiProblem = problem }
            if fields[0] == "data" { dataProblem = problem }
        }
    }

    init(apiProblem: String? = nil, dataProblem: String? = nil) {
        self.apiProblem = apiProblem
        self.dataProblem = dataProblem
    }
}
