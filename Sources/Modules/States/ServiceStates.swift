internal import States

private let enable = Parameter("enable", .truth, "whether the host starts it at boot; as it is")

let serviceStates: [StateFunction] = [
    StateFunction(
        "service", "running", "The service runs; a watch restarts it.", [.service],
        [
            enable,
            Parameter("reload", .truth, "a watch reloads it instead; false"),
            Parameter("full_restart", .ignored, "a restart is always full"),
            Parameter("sig", .ignored, "the service's own state is asked"),
            Parameter("init_delay", .ignored, "systemd knows when a service is up"),
            Parameter("no_block", .ignored, "the outcome is waited for"),
        ]
    ) { plan(&$0, "service_running", again: "service_again") },
    StateFunction("service", "dead", "The service does not run.", [.service], [enable]) {
        plan(&$0, "service_dead", again: nil)
    },
    StateFunction("service", "enabled", "The host starts the service at boot.", [.service], []) {
        plan(&$0, "service_set enable", again: nil)
    },
    StateFunction("service", "disabled", "The host does not start the service at boot.", [.service], []) {
        plan(&$0, "service_set disable", again: nil)
    },
    StateFunction("service", "masked", "The service cannot be started.", [.service], []) {
        plan(&$0, "service_mask mask", again: nil)
    },
    StateFunction("service", "unmasked", "The service can be started.", [.service], []) {
        plan(&$0, "service_mask unmask", again: nil)
    },
]

/// The unit's whole name: a bare one is a service.
private func unitName(_ name: String) -> String {
    let kinds = [".service", ".socket", ".target", ".timer", ".path", ".mount", ".automount", ".slice", ".swap"]
    return kinds.contains { name.hasSuffix($0) } ? name : name + ".service"
}

private func plan(_ planner: inout StatePlanner, _ function: String, again: String?) {
    let name = planner.chunk.name
    let allowed = name.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789:-_.@\\".unicodeScalars.contains($0))
    }
    guard allowed, let first = name.first, first != "-", name.utf8.count < 250 else {
        planner.refuse("\"\(name)\" is no name of a service", at: "name")
        return
    }
    let unit = unitName(name)
    planner.assign("name", name)
    planner.assign("unit", unit)
    planner.assign("at", planner.registers.unit(unit))
    planner.assign("enable", planner.truth("enable").map { $0 ? "yes" : "no" } ?? "")
    planner.assign("reload", planner.truth("reload", default: false))
    if let again { planner.again = planner.run + [again] }
    planner.run.append(function)
}
