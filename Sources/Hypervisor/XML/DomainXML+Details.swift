extension DomainXML {
    static func memoryPolicy(_ policy: DomainDetails.MemoryPolicy) -> XMLElement {
        let whole = XMLElement("memory", ["mode": policy.mode ?? "strict", "nodeset": policy.nodes])
        let cells = policy.cells.map {
            XMLElement("memnode", ["cellid": "\($0.id)", "mode": $0.mode, "nodeset": $0.nodes])
        }
        return XMLElement("numatune", [:], (policy.nodes == nil ? [] : [whole]) + cells)
    }

    static func kvmFeatures(_ features: [String: Bool]) -> XMLElement? {
        guard !features.isEmpty else { return nil }
        return XMLElement(
            "kvm", [:],
            features.sorted { $0.key < $1.key }.map { XMLElement($0.key, ["state": $0.value ? "on" : "off"]) })
    }

    /// - Parameter standard: the timers of every domain of this kind.
    static func clock(_ details: DomainDetails, standard: [DomainDetails.Timer]) -> XMLElement {
        var timers = standard
        for timer in details.timers {
            if let place = timers.firstIndex(where: { $0.name == timer.name }) {
                timers[place] = timer
            } else {
                timers.append(timer)
            }
        }
        let children = timers.map(timer)
        switch details.clockOffset ?? .utc {
        case .utc: return XMLElement("clock", ["offset": "utc"], children)
        case .localtime: return XMLElement("clock", ["offset": "localtime"], children)
        case .timezone(let zone): return XMLElement("clock", ["offset": "timezone", "timezone": zone], children)
        case .variable(let adjustment, let isLocal):
            return XMLElement(
                "clock",
                ["offset": "variable", "adjustment": adjustment, "basis": isLocal ? "localtime" : "utc"], children)
        }
    }

    private static func timer(_ timer: DomainDetails.Timer) -> XMLElement {
        func attributes(_ all: [String: String]) -> [XMLElement.Attribute] {
            all.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
        }
        let catchUp = XMLElement("catchup", attributes: attributes(timer.catchUp))
        return XMLElement(
            "timer", attributes: [.init("name", timer.name)] + attributes(timer.attributes),
            nodes: timer.catchUp.isEmpty ? [] : [.element(catchUp)])
    }

    /// Serial ports and consoles: those that were said, else one that is both.
    static func ports(_ spec: DomainSpec) -> [XMLElement] {
        let serials = spec.details.serials ?? (spec.hasSerialConsole ? [DomainDetails.Port()] : [])
        var consoles = spec.details.consoles
        if consoles == nil, !serials.isEmpty {
            // A console on the first port, the way QEMU has it anyway.
            var console = serials[0]
            (console.targetType, console.targetPort) = ("serial", 0)
            consoles = [console]
        }
        return serials.enumerated().map { port("serial", $1, number: $0) }
            + (consoles ?? []).enumerated().map { port("console", $1, number: $0) }
    }

    private static func port(_ name: String, _ port: DomainDetails.Port, number: Int) -> XMLElement {
        let target = XMLElement(
            "target", ["type": port.targetType, "port": "\(port.targetPort ?? number)"])
        var children: [XMLElement] = []
        switch port.type {
        case "tcp":
            children = [
                XMLElement(
                    "source",
                    [
                        "mode": "bind", "host": port.host ?? "127.0.0.1", "service": port.service.map { "\($0)" },
                        "tls": port.isTLS.map { $0 ? "yes" : "no" },
                    ]), XMLElement("protocol", ["type": port.networkProtocol ?? "telnet"]),
            ]
        case "udp":
            children = [
                XMLElement(
                    "source",
                    [
                        "mode": "connect", "host": port.host ?? "127.0.0.1", "service": port.service.map { "\($0)" },
                    ])
            ]
        case "unix": children = [XMLElement("source", ["mode": "bind", "path": port.path])]
        default: children = port.path.map { [XMLElement("source", ["path": $0])] } ?? []
        }
        return XMLElement(name, ["type": port.type], children + [target])
    }

    static func directBoot(_ boot: DomainDetails.DirectBoot) -> [XMLElement] {
        [
            XMLElement("kernel", text: boot.kernel), boot.initrd.map { XMLElement("initrd", text: $0) },
            boot.commandLine.map { XMLElement("cmdline", text: $0) },
        ].compactMap { $0 }
    }
}
