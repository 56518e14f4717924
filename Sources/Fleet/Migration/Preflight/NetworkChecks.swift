internal import Hypervisor
internal import Inventory
internal import Values

/// Whether the guest finds its networks, and the hosts each other.
enum NetworkChecks {
    static func networks(_ survey: MigrationSurvey) -> [Diagnostic] {
        var found: [Diagnostic] = []
        var seen: Set<String> = []
        for card in survey.guest.interfaces {
            guard let source = card.source, seen.insert(card.type + " " + source).inserted else { continue }
            switch card.type {
            case "bridge"
            where survey.destinationLook[.bridge(source)] == false
                || survey.destinationLook[.openvswitch(source)] == false:
                found.append(
                    survey.problem(
                        "there is no bridge \"\(source)\", which the VM is connected to",
                        hint: "apply the role bridge to \(survey.destination.name)"))
            case "direct" where survey.destinationLook[.link(source)] == false:
                found.append(
                    survey.problem(
                        "there is no network device \"\(source)\", which the VM is connected to",
                        hint: "connect the VM to a bridge that both hosts have: `drover vm set`"))
            case "network" where survey.networks[source] == nil:
                found.append(
                    survey.problem(
                        "there is no network \"\(source)\", which the VM is connected to",
                        hint: "`drover network create` makes it on \(survey.destination.name)"))
            case "network" where survey.networks[source] == false:
                found.append(
                    survey.problem(
                        "the network \"\(source)\", which the VM is connected to, is not active",
                        hint: "`drover network start \(source) --on \(survey.destination.name)`"))
            default: continue
            }
        }
        return found
    }

    /// It is the source that connects: what the controller makes of a name says nothing.
    static func names(_ survey: MigrationSurvey) -> [Diagnostic] {
        var found: [Diagnostic] = []
        for name in [survey.destination.address, survey.dataAddress].uniqued()
        where survey.sourceLook[.resolve(name)] == false {
            found.append(
                survey.problem(
                    "the name \"\(name)\" of \(survey.destination.name) means nothing here",
                    detail: "the source connects to the destination by itself",
                    hint: "add it to /etc/hosts or DNS, or give the host's number as its address in the inventory",
                    at: survey.source))
        }
        if survey.destinationLook[.resolve(survey.source.address)] == false {
            found.append(
                survey.problem(
                    "the name \"\(survey.source.address)\" of \(survey.source.name) means nothing here",
                    detail: "the destination asks the source whether its copy is gone",
                    hint: "add it to /etc/hosts or DNS, or give the host's number as its address in the inventory"))
        }
        return found
    }

    /// The source connects to migrate, the destination's watcher to see that the source's copy is gone. A real
    /// handshake: names, times and CAs of libvirt's certificates are looked at by those who will do so.
    static func control(_ survey: MigrationSurvey) -> [Diagnostic] {
        let ways = [
            (survey.source, survey.destination, survey.toDestination),
            (survey.destination, survey.source, survey.toSource),
        ]
        return ways.compactMap { here, there, reach in
            guard let words = reach.apiProblem else { return nil }
            return survey.problem(
                "cannot reach libvirt on \(there.name) at \(there.address) over TLS", detail: words,
                hint: "port 16514 must be open from \(here.name) to \(there.name); `drover pki status` looks at "
                    + "certificates, `drover apply` renews them", at: here)
        }
    }

    static func data(_ survey: MigrationSurvey) -> [Diagnostic] {
        if let words = survey.toDestination.dataProblem {
            let ports = survey.destinationLook.dataPorts
            return [
                survey.problem(
                    "cannot reach port \(survey.destinationLook.openedPort ?? ports.lowerBound) of \(survey.destination.name)",
                    detail: words,
                    hint: "memory and disks take ports \(ports.lowerBound) to \(ports.upperBound): open them from "
                        + "\(survey.source.name) to "
                        + survey.destination.name, at: survey.source)
            ]
        }
        guard survey.destinationLook[.listen] == false else { return [] }
        return [
            survey.warning(
                "whether \(survey.source.name) reaches the ports of memory and disks was not tried",
                detail: "no port of QEMU's range could be opened for it")
        ]
    }
}

extension Array where Element: Hashable {
    /// Each once, in the order of its first appearance.
    fileprivate func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
