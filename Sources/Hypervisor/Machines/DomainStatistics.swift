internal import CLibvirt

/// What a domain has used since it was started, and what it holds.
public struct DomainStatistics: Sendable, Hashable {
    /// One disk's counters.
    public struct Disk: Sendable, Hashable {
        /// The guest's name of it, such as `vda`.
        public var target: String
        public var path: String?
        public var readBytes: UInt64?
        public var readRequests: UInt64?
        public var writtenBytes: UInt64?
        public var writeRequests: UInt64?
        /// What the guest sees, in bytes.
        public var capacity: UInt64?
        /// What it takes on its host.
        public var allocation: UInt64?
    }

    /// One card's counters, seen from the guest.
    public struct Interface: Sendable, Hashable {
        /// The host's name of it.
        public var device: String
        public var receivedBytes: UInt64?
        public var receivedPackets: UInt64?
        public var receiveErrors: UInt64?
        public var receiveDrops: UInt64?
        public var sentBytes: UInt64?
        public var sentPackets: UInt64?
        public var sendErrors: UInt64?
        public var sendDrops: UInt64?
    }

    /// Nanoseconds of processor time, the emulator's included.
    public var cpuTime: UInt64?
    /// Processors that are plugged in, and as many as there may be.
    public var cpus: UInt64?
    public var maximumCPUs: UInt64?
    /// KiB that the guest has, and may have.
    public var memory: UInt64?
    public var maximumMemory: UInt64?
    /// KiB that its process holds on the host.
    public var residentMemory: UInt64?
    /// KiB that the guest says it could still use; needs its balloon driver.
    public var usableMemory: UInt64?
    public var disks: [Disk]
    public var interfaces: [Interface]

    init(_ values: TypedParameters) {
        func number(_ name: String) -> UInt64? { values.number(name) }
        cpuTime = number("cpu.time")
        cpus = number("vcpu.current")
        maximumCPUs = number("vcpu.maximum")
        memory = number("balloon.current")
        maximumMemory = number("balloon.maximum")
        residentMemory = number("balloon.rss")
        usableMemory = number("balloon.usable")
        disks = (0..<(number("block.count") ?? 0)).compactMap { index in
            let prefix = "block.\(index)."
            guard let target = values.text(prefix + "name") else { return nil }
            return Disk(
                target: target, path: values.text(prefix + "path"), readBytes: number(prefix + "rd.bytes"),
                readRequests: number(prefix + "rd.reqs"), writtenBytes: number(prefix + "wr.bytes"),
                writeRequests: number(prefix + "wr.reqs"), capacity: number(prefix + "capacity"),
                allocation: number(prefix + "allocation"))
        }
        interfaces = (0..<(number("net.count") ?? 0)).compactMap { index in
            let prefix = "net.\(index)."
            guard let device = values.text(prefix + "name") else { return nil }
            // libvirt counts for the guest, except where a driver turns it round.
            return Interface(
                device: device, receivedBytes: number(prefix + "rx.bytes"), receivedPackets: number(prefix + "rx.pkts"),
                receiveErrors: number(prefix + "rx.errs"), receiveDrops: number(prefix + "rx.drop"),
                sentBytes: number(prefix + "tx.bytes"), sentPackets: number(prefix + "tx.pkts"),
                sendErrors: number(prefix + "tx.errs"), sendDrops: number(prefix + "tx.drop"))
        }
    }
}

extension HypervisorConnection {
    /// The counters of all domains of the host by UUID, or of one, in one call. A domain that is busy with something long is
    /// left out of what would have to wait for that.
    public func statistics(
        of domain: DomainReference? = nil
    ) async throws(HypervisorError) -> [String: DomainStatistics] {
        try await call("read counters") { call throws(HypervisorError) in
            guard let domain else {
                return try call.statistics {
                    virConnectGetAllDomainStats(call.connection, Call.wanted, $0, Call.withoutWaiting)
                }
            }
            return try call.domain(domain) { found throws(HypervisorError) in
                var list: [virDomainPtr?] = [found, nil]
                return try call.statistics { virDomainListGetStats(&list, Call.wanted, $0, Call.withoutWaiting) }
            }
        }
    }
}

extension Call {
    fileprivate static let wanted =
        VIR_DOMAIN_STATS_CPU_TOTAL.rawValue | VIR_DOMAIN_STATS_BALLOON.rawValue | VIR_DOMAIN_STATS_VCPU.rawValue
        | VIR_DOMAIN_STATS_INTERFACE.rawValue | VIR_DOMAIN_STATS_BLOCK.rawValue
    fileprivate static let withoutWaiting = VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT.rawValue

    fileprivate func statistics(
        _ get: (UnsafeMutablePointer<UnsafeMutablePointer<virDomainStatsRecordPtr?>?>) -> Int32
    ) throws(HypervisorError) -> [String: DomainStatistics] {
        var records: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
        let count = Int(try check(get(&records)))
        defer { virDomainStatsRecordListFree(records) }
        var found: [String: DomainStatistics] = [:]
        for index in 0..<count {
            guard let record = records?[index]?.pointee, let domain = record.dom else { continue }
            let id = try uuid { virDomainGetUUIDString(domain, $0) }
            found[id] = DomainStatistics(TypedParameters(borrowing: record.params, count: record.nparams))
        }
        return found
    }
}
