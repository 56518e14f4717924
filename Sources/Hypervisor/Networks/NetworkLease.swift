internal import CLibvirt
internal import Glibc

/// An address that a network's DHCP server has given out.
public struct NetworkLease: Sendable, Hashable {
    public var network: String
    public var address: String
    public var prefix: Int
    public var mac: String?
    public var hostName: String?
    /// When it ends, in seconds since 1970; 0 for never.
    public var expiry: Int

    public init(network: String, address: String, prefix: Int, mac: String?, hostName: String?, expiry: Int) {
        self.network = network
        self.address = address
        self.prefix = prefix
        self.mac = mac
        self.hostName = hostName
        self.expiry = expiry
    }
}

extension HypervisorConnection {
    /// The leases of a network, by address.
    public func leases(of name: String) async throws(HypervisorError) -> [NetworkLease] {
        try await call("list the leases of network \"\(name)\"") { call throws(HypervisorError) in
            try call.network(name) { network throws(HypervisorError) in try call.leases(of: network, named: name) }
        }
    }
}

extension Call {
    fileprivate func leases(of network: virNetworkPtr, named name: String) throws(HypervisorError) -> [NetworkLease] {
        var list: UnsafeMutablePointer<virNetworkDHCPLeasePtr?>?
        let count = Int(try check(virNetworkGetDHCPLeases(network, nil, &list, 0)))
        defer {
            for index in 0..<count { virNetworkDHCPLeaseFree(list?[index]) }
            free(list)
        }
        let leases = (0..<count).compactMap { index -> NetworkLease? in
            guard let lease = list?[index]?.pointee, let address = lease.ipaddr else { return nil }
            return NetworkLease(
                network: name, address: String(cString: address), prefix: Int(lease.prefix),
                mac: lease.mac.map { String(cString: $0) }, hostName: lease.hostname.map { String(cString: $0) },
                expiry: Int(lease.expirytime))
        }
        return leases.sorted {
            (IPAddress($0.address)?.bytes ?? []).lexicographicallyPrecedes(IPAddress($1.address)?.bytes ?? [])
        }
    }
}
