internal import CLibvirt
internal import Glibc

/// One address of a guest, and who says so.
public struct DomainAddress: Sendable, Hashable {
    /// Where addresses are asked for.
    public enum Source: UInt32, Sendable, Hashable, CaseIterable {
        /// DHCP leases of libvirt's own networks.
        case lease
        /// The guest itself, through its agent.
        case agent
        /// The host's neighbour table.
        case arp
    }

    /// The host's name of the interface, or the guest's when the agent says so.
    public var interface: String
    public var mac: String?
    public var address: String
    public var prefix: Int
    public var isIPv6: Bool
    public var source: Source

    public init(interface: String, mac: String?, address: String, prefix: Int, isIPv6: Bool, source: Source) {
        self.interface = interface
        self.mac = mac
        self.address = address
        self.prefix = prefix
        self.isIPv6 = isIPv6
        self.source = source
    }
}

extension HypervisorConnection {
    /// The addresses of a running domain, as one source knows them.
    public func addresses(
        of domain: DomainReference, source: DomainAddress.Source
    ) async throws(HypervisorError) -> [DomainAddress] {
        let operation = "ask for addresses of \(domain)"
        let ask: @Sendable (Call) throws(HypervisorError) -> [DomainAddress] = { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                try call.interfaces(of: found, source: source)
            }
        }
        // A guest may take seconds to answer, or never do: nobody else waits for that.
        return source == .agent ? try await longCall(operation, ask) : try await call(operation, ask)
    }
}

extension Call {
    func interfaces(
        of domain: virDomainPtr, source: DomainAddress.Source
    ) throws(HypervisorError) -> [DomainAddress] {
        var list: UnsafeMutablePointer<virDomainInterfacePtr?>?
        let count = Int(try check(virDomainInterfaceAddresses(domain, &list, source.rawValue, 0)))
        defer {
            for index in 0..<count { virDomainInterfaceFree(list?[index]) }
            free(list)
        }
        var addresses: [DomainAddress] = []
        for index in 0..<count {
            guard let interface = list?[index]?.pointee else { continue }
            for place in 0..<Int(interface.naddrs) {
                guard let address = interface.addrs?[place], let text = address.addr else { continue }
                addresses.append(
                    DomainAddress(
                        interface: interface.name.map { String(cString: $0) } ?? "",
                        mac: interface.hwaddr.map { String(cString: $0) }, address: String(cString: text),
                        prefix: Int(address.prefix), isIPv6: address.type == Int32(VIR_IP_ADDR_TYPE_IPV6.rawValue),
                        source: source))
            }
        }
        return addresses
    }
}
