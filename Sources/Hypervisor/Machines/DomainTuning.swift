internal import CLibvirt

/// Which of a domain's two definitions a change is made to; with neither, libvirt's choice.
public struct DomainImpact: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The running guest.
    public static let live = DomainImpact(rawValue: VIR_DOMAIN_AFFECT_LIVE.rawValue)
    /// What it will be at its next start.
    public static let config = DomainImpact(rawValue: VIR_DOMAIN_AFFECT_CONFIG.rawValue)
}

extension HypervisorConnection {
    /// Sets the number of processors in use, or how many there may be at most (at the next start only).
    public func setCPUs(
        _ domain: DomainReference, _ count: Int, _ impact: DomainImpact, maximum: Bool = false
    ) async throws(HypervisorError) {
        guard let number = UInt32(exactly: count), number > 0 else {
            throw .invalid("set the processors of \(domain)", "\(count) is no number of processors")
        }
        let flags = impact.rawValue | (maximum ? VIR_DOMAIN_VCPU_MAXIMUM.rawValue : 0)
        try await act("set the processors of", domain) { virDomainSetVcpusFlags($0, number, flags) }
    }

    /// Sets the memory that the guest is to use, which its balloon driver follows while it runs, or the most that it may
    /// ever use (at the next start only). In MiB.
    public func setMemory(
        _ domain: DomainReference, mebibytes: Int, _ impact: DomainImpact, maximum: Bool = false
    ) async throws(HypervisorError) {
        guard let size = UInt(exactly: mebibytes), size > 0, size < 1 << 40 else {
            throw .invalid("set the memory of \(domain)", "\(mebibytes) MiB is no amount of memory")
        }
        let flags = impact.rawValue | (maximum ? VIR_DOMAIN_MEM_MAXIMUM.rawValue : 0)
        try await act("set the memory of", domain) { virDomainSetMemoryFlags($0, size << 10, flags) }
    }

    /// What a running guest has of its memory now, in MiB; nil where its balloon does not say.
    public func balloon(_ domain: DomainReference) async throws(HypervisorError) -> Int? {
        try await call("ask for the memory of \(domain)") { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                var list = [virDomainMemoryStatStruct](
                    repeating: virDomainMemoryStatStruct(), count: Int(VIR_DOMAIN_MEMORY_STAT_NR.rawValue))
                let count = try call.check(virDomainMemoryStats(found, &list, UInt32(list.count), 0))
                let actual = Int32(VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON.rawValue)
                return list.prefix(Int(count)).first { $0.tag == actual }.map { Int($0.val >> 10) }
            }
        }
    }

    /// The size of a disk as a running guest sees it, in bytes.
    /// - Parameter target: the guest's name of it, such as `vda`.
    public func capacity(of domain: DomainReference, disk target: String) async throws(HypervisorError) -> UInt64 {
        try await call("ask for the size of disk \(target) of \(domain)") { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                var info = virDomainBlockInfo()
                try call.check(virDomainGetBlockInfo(found, target, &info, 0))
                return info.capacity
            }
        }
    }

    /// Gives a running guest's disk another size, in bytes.
    public func resizeDisk(
        _ target: String, of domain: DomainReference, to bytes: UInt64
    ) async throws(HypervisorError) {
        let flags = VIR_DOMAIN_BLOCK_RESIZE_BYTES.rawValue
        try await actAtOnce("resize disk \(target) of", domain) { virDomainBlockResize($0, target, bytes, flags) }
    }
}
