extension NetworkSpec {
    /// The definition as text.
    /// - Throws: for what libvirt could not make sense of, with what is missing or too much.
    public func xml() throws(HypervisorError) -> String {
        let operation = "write the definition of network \"\(name)\""
        guard !name.isEmpty, !name.contains("/"), !name.contains("\n") else {
            throw .invalid(operation, "\"\(name)\" cannot be a network's name")
        }
        if let problem = problem { throw .invalid(operation, problem) }
        do {
            return try NetworkXML.element(self).written()
        } catch {
            throw .invalid(operation, error.message)
        }
    }

    /// What does not fit together.
    private var problem: String? {
        let kind = "a network of mode \"\(mode.rawValue)\""
        switch mode {
        case .bridge where (bridge == nil) == devices.isEmpty:
            return "\(kind) needs a bridge of the host, or else cards for macvtap"
        case .private where devices.isEmpty, .vepa where devices.isEmpty, .passthrough where devices.isEmpty:
            return "\(kind) needs cards of the host"
        case .hostdev where functions.isEmpty == (physicalFunction == nil):
            return "\(kind) needs PCI addresses, or else a physical function"
        default: break
        }
        if !mode.hasOwnBridge {
            if !addressing.isEmpty || domain != nil || names != nil {
                return "\(kind) has no addresses, DHCP or DNS of libvirt's"
            }
            if mtu != nil { return "\(kind) takes its MTU from the host's bridge or card" }
            if mode != .bridge, bridge != nil { return "\(kind) has no bridge" }
        }
        if mode.hasOwnBridge, vlan != nil { return "\(kind) has no VLANs: they need Open vSwitch, macvtap or hostdev" }
        if nat != nil, mode != .nat { return "\(kind) translates no addresses" }
        if devices.count > 1, mode.hasOwnBridge { return "\(kind) goes out by one card at most" }
        return addressing.lazy.compactMap(\.problem).first
            ?? vlan?.tags.first { !(0...4095).contains($0.id) }.map { "\($0.id) is no VLAN: 0 to 4095" }
    }
}

extension NetworkAddressing {
    fileprivate var problem: String? {
        guard let own = IPAddress(address) else { return "\"\(address)\" is no address" }
        guard (1...own.bytes.count * 8).contains(prefix) else { return "\(prefix) is no prefix for \(address)" }
        let network = own.network(prefix: prefix)
        let places = ranges.flatMap { [$0.start, $0.end] } + reservations.map(\.address)
        for place in places where IPAddress(place)?.network(prefix: prefix) != network {
            return "\(place) is not in \(address)/\(prefix)"
        }
        let inverted = ranges.first { span in
            guard let start = IPAddress(span.start), let end = IPAddress(span.end) else { return true }
            return end.bytes.lexicographicallyPrecedes(start.bytes)
        }
        if let inverted { return "the range \(inverted.start) to \(inverted.end) ends before it starts" }
        if ranges.contains(where: { $0.contains(own) }) { return "a range has the host's own address \(address) in it" }
        return nil
    }
}

extension NetworkSpec.Span {
    fileprivate func contains(_ address: IPAddress) -> Bool {
        guard let first = IPAddress(start), let last = IPAddress(end) else { return false }
        return !address.bytes.lexicographicallyPrecedes(first.bytes)
            && !last.bytes.lexicographicallyPrecedes(address.bytes)
    }
}
