internal import CLibvirt

/// What a hypervisor answered when it did not do as asked, or why it could not be asked.
public struct HypervisorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// libvirt's error number (`virErrorNumber`), or one of our own, which are negative.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// No answer within the time given; the call may still take effect on the host.
        public static let timedOut = Code(rawValue: -1)
        /// The waiting task was cancelled.
        public static let cancelled = Code(rawValue: -2)
        /// The request makes no sense and nothing was sent.
        public static let invalidRequest = Code(rawValue: -3)
        /// The connection was closed before the call.
        public static let closed = Code(rawValue: -4)
        /// libvirt's answer is not XML that can be read.
        public static let unreadableAnswer = Code(rawValue: -5)
        /// A local file could not be read.
        public static let localFile = Code(rawValue: -6)

        public static let invalidArgument = Code(VIR_ERR_INVALID_ARG)
        public static let noDomain = Code(VIR_ERR_NO_DOMAIN)
        public static let domainExists = Code(VIR_ERR_DOM_EXIST)
        public static let operationInvalid = Code(VIR_ERR_OPERATION_INVALID)
        public static let operationFailed = Code(VIR_ERR_OPERATION_FAILED)
        public static let operationAborted = Code(VIR_ERR_OPERATION_ABORTED)
        public static let operationUnsupported = Code(VIR_ERR_OPERATION_UNSUPPORTED)
        public static let noSupport = Code(VIR_ERR_NO_SUPPORT)
        public static let noDomainMetadata = Code(VIR_ERR_NO_DOMAIN_METADATA)
        public static let noPool = Code(VIR_ERR_NO_STORAGE_POOL)
        public static let noVolume = Code(VIR_ERR_NO_STORAGE_VOL)
        public static let volumeExists = Code(VIR_ERR_STORAGE_VOL_EXIST)
        public static let noNetwork = Code(VIR_ERR_NO_NETWORK)
        public static let noSnapshot = Code(VIR_ERR_NO_DOMAIN_SNAPSHOT)
        public static let noSecret = Code(VIR_ERR_NO_SECRET)
        public static let agentUnresponsive = Code(VIR_ERR_AGENT_UNRESPONSIVE)
        public static let authenticationFailed = Code(VIR_ERR_AUTH_FAILED)
        public static let systemError = Code(VIR_ERR_SYSTEM_ERROR)
        public static let rpc = Code(VIR_ERR_RPC)
        public static let migrateUnsafe = Code(VIR_ERR_MIGRATE_UNSAFE)
        public static let incompatibleProcessor = Code(VIR_ERR_CPU_INCOMPATIBLE)
        public static let internalError = Code(VIR_ERR_INTERNAL_ERROR)

        private init(_ number: virErrorNumber) { self.init(rawValue: Int32(number.rawValue)) }
    }

    public var code: Code
    /// libvirt's `virErrorDomain`, the part that raised it; 0 for our own codes.
    public var domain: Int32
    /// libvirt's whole text.
    public var message: String
    /// What was being done, such as `start domain "web1"`.
    public var operation: String
    /// The host asked; empty for a request that named none.
    public var host: String
    /// What to do about it, where that is known.
    public var hint: String?
    /// The system's error number behind a `systemError`; 0 when there is none.
    public var systemNumber: Int32 = 0

    public init(
        code: Code, domain: Int32 = 0, message: String, operation: String, host: String = "", hint: String? = nil
    ) {
        self.code = code
        self.domain = domain
        self.message = message
        self.operation = operation
        self.host = host
        self.hint = hint
    }

    public var description: String {
        (host.isEmpty ? "" : "\(host): ") + "cannot \(operation): \(message)" + (hint.map { " (\($0))" } ?? "")
    }

    /// Whether the host, rather than the request, is the trouble: the outcome of the call is not known.
    public var isConnectionLoss: Bool {
        if [.timedOut, .closed, .rpc].contains(code) { return true }
        let raisedByRPC = domain == Int32(VIR_FROM_RPC.rawValue) || domain == Int32(VIR_FROM_REMOTE.rawValue)
        return raisedByRPC && [.systemError, .internalError].contains(code)
    }
}

extension HypervisorError {
    /// The calling thread's last libvirt error; to be read on the thread of the failed call, before any other call.
    static func last(operation: String, host: String) -> HypervisorError {
        guard let error = virGetLastError()?.pointee, error.code != 0 else {
            return HypervisorError(
                code: .internalError, message: "libvirt reported a failure without a reason", operation: operation,
                host: host)
        }
        let message = error.message.map { String(cString: $0) } ?? "no message"
        var failure = HypervisorError(
            code: Code(rawValue: error.code), domain: error.domain, message: message, operation: operation, host: host,
            hint: hint(for: message))
        if failure.code == .systemError { failure.systemNumber = error.int1 }
        return failure
    }

    static func invalid(_ operation: String, _ message: String, hint: String? = nil) -> HypervisorError {
        HypervisorError(code: .invalidRequest, message: message, operation: operation, hint: hint)
    }

    static func unreadable(_ operation: String, host: String = "", _ problem: XMLProblem) -> HypervisorError {
        HypervisorError(
            code: .unreadableAnswer, message: "XML cannot be read: \(problem)", operation: operation, host: host)
    }

    /// libvirt's messages that leave the reader alone, and what is behind them.
    private static func hint(for message: String) -> String? {
        let known: [(part: String, hint: String)] = [
            ("Connection refused", "libvirt's TLS listener is not running there; apply the hypervisor role"),
            ("No route to host", "the host is off, or a firewall rejects port 16514"),
            ("does not match the hostname", "the certificate lacks this name or address; issue and ship it again"),
            ("certificate has expired", "renew the certificates: drover pki rotate"),
            ("Certificate failed validation", "the certificates of both sides come from different authorities"),
            ("usage does not permit key encipherment", "the certificate's key usage must include keyEncipherment"),
            ("Migration without shared storage is unsafe", "copy the storage, or use cache=none on shared storage"),
            (
                "Unable to find 'dnsmasq' binary",
                "networks with DHCP or DNS need dnsmasq there; apply the hypervisor role"
            ),
            (
                "missing backend for pool type",
                "that kind of pool needs another package of libvirt's storage drivers there"
            ),
            ("Could not access KVM kernel module", "the host has no usable KVM; use emulation (type qemu)"),
        ]
        return known.first { message.contains($0.part) }?.hint
    }
}

extension String {
    /// Whether `part` occurs in this text; Foundation's, without Foundation.
    func contains(_ part: String) -> Bool {
        let wanted = Array(part.utf8)
        let bytes = Array(utf8)
        guard wanted.count <= bytes.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }
}
