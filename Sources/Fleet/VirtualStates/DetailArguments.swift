internal import Hypervisor
internal import Values

/// Salt's arguments of a VM that few need: where its memory comes from, clocks, ports, the host's devices and kernels.
struct DetailArguments {
    /// The arguments that it reads.
    static let names = [
        "numatune", "hypervisor_features", "clock", "serials", "consoles", "stop_on_reboot", "boot", "graphics",
    ]
    private var details = DomainDetails()
    private var problems: [Diagnostic] = []

    /// - Throws: every mistake, with its place.
    static func read(_ call: VirtualCall) throws(Diagnostics) -> DomainDetails {
        var all = DetailArguments()
        all.numatune(call)
        all.features(call)
        all.clock(call)
        all.details.serials = all.ports(call, "serials")
        all.details.consoles = all.ports(call, "consoles")
        all.details.stopsOnReboot = call.truth("stop_on_reboot") ?? false
        all.boot(call)
        all.display(call)
        if let found = Diagnostics(all.problems) { throw found }
        return all.details
    }

    /// Reads one mapping of an argument, and keeps what is wrong with it.
    private mutating func reading<Answer>(
        _ value: Value?, _ what: String, _ body: (inout KeyReader) -> Answer
    ) -> Answer? {
        guard let value else { return nil }
        guard let mapping = value.mergedMapping else {
            problems.append(.error("\(what) is a mapping, not \(value.kindName)", mark: value.mark))
            return nil
        }
        var reader = KeyReader(mapping, of: what)
        let answer = body(&reader)
        do throws(Diagnostics) { try reader.finish() } catch { problems += error.all }
        return answer
    }

    private mutating func numatune(_ call: VirtualCall) {
        var memory: Value?
        var nodes: Value?
        _ = reading(call.argument("numatune"), "\"numatune\"") { reader in
            memory = reader.value("memory")
            nodes = reader.value("memnodes")
        }
        func policy(_ reader: inout KeyReader) -> (mode: String, nodes: String?) {
            let mode = reader.text("mode") ?? "strict"
            if !["strict", "preferred", "interleave", "restrictive"].contains(mode) {
                reader.add(.error("\"\(mode)\" is no way to place memory", hint: "say strict, preferred, interleave"))
            }
            let nodes = reader.words("nodeset")?.joined(separator: ",")
            if let nodes, nodes.isEmpty || !nodes.allSatisfy({ $0.isASCII && ($0.isNumber || "-^,".contains($0)) }) {
                reader.add(.error("\"\(nodes)\" are no NUMA nodes", hint: "write them like 0-3,^1"))
            }
            return (mode, nodes)
        }
        let whole = reading(memory, "\"memory\" of \"numatune\"", policy)
        var cells: [DomainDetails.MemoryPolicy.Cell] = []
        for (key, value) in nodes?.mergedMapping ?? Mapping() {
            guard let id = key.int ?? key.string.flatMap({ Int($0) }),
                let (mode, nodes) = reading(value, "\"memnodes\" of \"numatune\"", policy), let nodes
            else {
                problems.append(
                    .error("a NUMA cell of the guest has a number, a mode and a nodeset", mark: key.mark ?? value.mark))
                continue
            }
            cells.append(.init(id: id, mode: mode, nodes: nodes))
        }
        guard whole?.nodes != nil || !cells.isEmpty else { return }
        details.memoryPolicy = .init(mode: whole?.mode, nodes: whole?.nodes, cells: cells)
    }

    private mutating func features(_ call: VirtualCall) {
        let dedicated = reading(call.argument("hypervisor_features"), "\"hypervisor_features\"") {
            $0.truth("kvm-hint-dedicated")
        }
        if let dedicated = dedicated ?? nil { details.kvmFeatures["hint-dedicated"] = dedicated }
    }

    private mutating func clock(_ call: VirtualCall) {
        var timers: Value?
        let offset = reading(call.argument("clock"), "\"clock\"") { reader -> DomainDetails.ClockOffset? in
            timers = reader.value("timers")
            let isUTC = reader.truth("utc")
            if let zone = reader.text("timezone") { return .timezone(zone) }
            if let adjustment = reader.text("adjustment") {
                if adjustment != "reset", Int(adjustment) == nil {
                    reader.add(.error("\"\(adjustment)\" is no adjustment", hint: "say seconds, or reset"))
                }
                return .variable(adjustment: adjustment, fromLocalTime: isUTC == false)
            }
            return isUTC.map { $0 ? .utc : .localtime }
        }
        details.clockOffset = offset ?? nil
        for (key, value) in timers?.mergedMapping ?? Mapping() {
            let name = key.scalarText ?? ""
            let known = ["platform", "hpet", "kvmclock", "pit", "rtc", "tsc", "hypervclock", "armvtimer"]
            if !known.contains(name) {
                problems.append(
                    .error(
                        "there is no timer \"\(name)\"",
                        hint: NearestName.hint(for: name, among: known) ?? "known are \(known.joined(separator: ", "))",
                        mark: key.mark))
            }
            let timer = reading(value, "the timer \"\(name)\"") { reader in
                var timer = DomainDetails.Timer(name)
                for word in ["track", "tickpolicy", "mode"] { timer.attributes[word] = reader.text(word) }
                timer.attributes["frequency"] = reader.whole("frequency").map { "\($0)" }
                timer.attributes["present"] = reader.truth("present").map { $0 ? "yes" : "no" }
                timer.catchUp["threshold"] = reader.whole("threshold").map { "\($0)" }
                timer.catchUp["slew"] = reader.whole("slew").map { "\($0)" }
                timer.catchUp["limit"] = reader.whole("limit").map { "\($0)" }
                return timer
            }
            if let timer { details.timers.append(timer) }
        }
    }

    private mutating func ports(_ call: VirtualCall, _ key: String) -> [DomainDetails.Port]? {
        guard let list = call.argument(key)?.list else { return nil }
        return list.compactMap { item in
            reading(item, "one of \"\(key)\"") { reader in
                let type = reader.text("type") ?? "pty"
                var port = DomainDetails.Port(type)
                port.path = reader.text("path")
                port.host = reader.text("host")
                port.service = reader.whole("port", from: 1, to: 65_535)
                port.networkProtocol = reader.text("protocol")
                port.isTLS = reader.truth("tls")
                port.targetType = reader.text("target_type")
                port.targetPort = reader.whole("target_port")
                let known = ["pty", "tcp", "udp", "unix", "file", "dev", "pipe", "null", "stdio"]
                if !known.contains(type) {
                    reader.add(
                        .error("a port cannot be \"\(type)\"", detail: "known are \(known.joined(separator: ", "))"))
                }
                if ["tcp", "udp"].contains(type), port.service == nil { port.service = 23_023 }
                if ["unix", "file", "dev", "pipe"].contains(type), port.path?.hasPrefix("/") != true {
                    reader.add(.error("a port that is a \(type) needs \"path\", an absolute path on the host"))
                }
                return port
            }
        }
    }

    private mutating func boot(_ call: VirtualCall) {
        details.directBoot =
            reading(call.argument("boot"), "\"boot\"") { reader -> DomainDetails.DirectBoot? in
                // Firmware is among what VMs have anyway.
                _ = reader.truth("efi")
                let kernel = reader.text("kernel")
                let (initrd, line) = (reader.text("initrd"), reader.text("cmdline"))
                for path in [kernel, initrd].compactMap({ $0 }) where !path.hasPrefix("/") {
                    reader.add(
                        .error(
                            "\"\(path)\" is no file of the host",
                            hint: "say its absolute path there; file.managed puts it"))
                }
                guard let kernel else {
                    if initrd != nil || line != nil {
                        reader.add(.error("\"initrd\" and \"cmdline\" need a \"kernel\""))
                    }
                    return nil
                }
                return DomainDetails.DirectBoot(kernel: kernel, initrd: initrd, commandLine: line)
            } ?? nil
    }

    /// A display listens where only its host sees it, because anybody who reaches it sees the guest.
    private mutating func display(_ call: VirtualCall) {
        var listen: Value?
        let port = reading(call.argument("graphics"), "\"graphics\"") { reader in
            // What kind it is, is among what VMs have anyway.
            _ = reader.text("type")
            listen = reader.value("listen")
            return reader.whole("port", from: 1, to: 65_535)
        }
        details.displayPort = port ?? nil
        guard let listen else { return }
        let address = listen.map == nil && listen.list == nil ? listen.scalarText : nil
        let words =
            address.map { ("address", $0) }
            ?? reading(listen, "\"listen\" of \"graphics\"") { reader in
                (reader.text("type") ?? "address", reader.text("address") ?? "127.0.0.1")
            }
        guard let (type, place) = words, type != "address" || !["127.0.0.1", "localhost"].contains(place) else {
            return
        }
        problems.append(
            .error(
                "a display listens on 127.0.0.1 only, not \(type == "address" ? "on \"\(place)\"" : "by \(type)")",
                hint: "leave out \"listen\": `drover vm display` tunnels to it", mark: listen.mark))
    }
}

extension Value {
    /// A mapping, or Salt's list of mappings with one key each.
    var mergedMapping: Mapping? {
        if let map { return map }
        guard let list else { return nil }
        var whole = Mapping()
        for item in list {
            guard let map = item.map else { return nil }
            for (key, value) in map { whole[key] = value }
        }
        return whole
    }
}
