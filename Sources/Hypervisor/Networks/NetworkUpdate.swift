internal import CLibvirt

/// One change to a running network that its guests do not notice.
public struct NetworkUpdate: Sendable, Hashable {
    public enum Section: Sendable, Hashable {
        case reservation, range, card, portGroup, nameHost, nameText, nameService
    }

    public var section: Section
    /// Whether the element is added; else removed.
    public var isAddition: Bool
    public var element: XMLElement
    /// Which of the network's addresses it belongs to, in the definition's order; -1 for none.
    public var addressing: Int

    /// What takes it back.
    public var inverse: NetworkUpdate {
        NetworkUpdate(section: section, isAddition: !isAddition, element: element, addressing: addressing)
    }

    /// What makes `wanted` of the running network `found`; nil when that takes a restart.
    ///
    /// What is removed comes first, because addresses and names may pass from one entry to another.
    public static func steps(from found: NetworkSpec, to wanted: NetworkSpec) -> [NetworkUpdate]? {
        var (before, after) = (found, wanted)
        before.strip()
        after.strip()
        guard after.differences(from: before).isEmpty else { return nil }
        var steps = list(found.portGroups, wanted.portGroups, .portGroup, NetworkXML.portGroup)
        if !found.mode.hasOwnBridge {
            steps += list(found.devices, wanted.devices, .card, NetworkXML.forwardDevice)
        } else if found.devices != wanted.devices {
            return nil
        }
        let names = (found.names ?? NetworkNames(), wanted.names ?? NetworkNames())
        steps += list(names.0.hosts, names.1.hosts, .nameHost, NetworkXML.host)
        steps += list(names.0.texts, names.1.texts, .nameText, NetworkXML.text)
        steps += list(names.0.services, names.1.services, .nameService, NetworkXML.service)
        for (index, old) in found.addressing.enumerated() {
            guard let new = wanted.addressing.first(where: { old.isAlike($0) }) else { return nil }
            steps += list(old.ranges, new.ranges, .range, NetworkXML.range, index)
            steps += list(old.reservations, new.reservations, .reservation, NetworkXML.reservation, index)
        }
        return steps.filter { !$0.isAddition } + steps.filter(\.isAddition)
    }

    private static func list<Entry: Hashable>(
        _ found: [Entry], _ wanted: [Entry], _ section: Section, _ element: (Entry) -> XMLElement,
        _ addressing: Int = -1
    ) -> [NetworkUpdate] {
        let gone = found.filter { !wanted.contains($0) }.map { ($0, false) }
        let new = wanted.filter { !found.contains($0) }.map { ($0, true) }
        return (gone + new).map { entry, isAddition in
            NetworkUpdate(
                section: section, isAddition: isAddition, element: element(entry), addressing: addressing)
        }
    }

    fileprivate var sectionNumber: UInt32 {
        switch section {
        case .reservation: VIR_NETWORK_SECTION_IP_DHCP_HOST.rawValue
        case .range: VIR_NETWORK_SECTION_IP_DHCP_RANGE.rawValue
        case .card: VIR_NETWORK_SECTION_FORWARD_INTERFACE.rawValue
        case .portGroup: VIR_NETWORK_SECTION_PORTGROUP.rawValue
        case .nameHost: VIR_NETWORK_SECTION_DNS_HOST.rawValue
        case .nameText: VIR_NETWORK_SECTION_DNS_TXT.rawValue
        case .nameService: VIR_NETWORK_SECTION_DNS_SRV.rawValue
        }
    }
}

extension NetworkSpec {
    /// Takes out all that can be changed while the network runs.
    fileprivate mutating func strip() {
        portGroups = []
        devices = []
        if names != nil {
            names?.hosts = []
            names?.texts = []
            names?.services = []
        }
        for index in addressing.indices {
            addressing[index].ranges = []
            addressing[index].reservations = []
        }
    }
}

extension NetworkAddressing {
    fileprivate func isAlike(_ other: NetworkAddressing) -> Bool {
        IPAddress(address) == IPAddress(other.address) && prefix == other.prefix
    }
}

extension HypervisorConnection {
    /// Changes a running network and its definition.
    public func updateNetwork(_ name: String, _ update: NetworkUpdate) async throws(HypervisorError) {
        let operation = "update network \"\(name)\""
        let text: String
        do {
            text = try update.element.written()
        } catch {
            throw .invalid(operation, error.message)
        }
        let command = update.isAddition ? VIR_NETWORK_UPDATE_COMMAND_ADD_LAST : VIR_NETWORK_UPDATE_COMMAND_DELETE
        try await call(operation) { call throws(HypervisorError) -> Void in
            try call.network(name) { network throws(HypervisorError) in
                var flags = VIR_NETWORK_UPDATE_AFFECT_LIVE.rawValue
                if try call.check(virNetworkIsPersistent(network)) == 1 {
                    flags |= VIR_NETWORK_UPDATE_AFFECT_CONFIG.rawValue
                }
                _ = try call.check(
                    virNetworkUpdate(
                        network, command.rawValue, update.sectionNumber, Int32(update.addressing), text, flags))
            }
        }
    }
}
