internal import Hypervisor
internal import Values

/// Whether the destination can be the machine that the guest is used to.
enum HardwareChecks {
    private static func kinds(_ survey: MigrationSurvey) -> [HostCapabilities.Guest] {
        survey.destinationInfo.capabilities.guests.filter { $0.architecture == survey.guest.architecture }
    }

    static func machineType(_ survey: MigrationSurvey) -> [Diagnostic] {
        let machine = survey.guest.machine
        guard !machine.isEmpty, !survey.guest.architecture.isEmpty else { return [] }
        let machines = Set(kinds(survey).flatMap(\.machines))
        if machines.isEmpty {
            return [
                survey.problem(
                    "it has no emulator for \(survey.guest.architecture)",
                    hint: "install QEMU for that architecture, by the role hypervisor")
            ]
        }
        guard !machines.contains(machine) else { return [] }
        return [
            survey.problem(
                "its QEMU has no machine type \"\(machine)\"",
                detail: "QEMU there is \(survey.destinationInfo.hypervisorVersion?.description ?? "unknown")",
                hint: "upgrade QEMU there, or give the VM an older machine type while it is off")
        ]
    }

    static func emulator(_ survey: MigrationSurvey) -> [Diagnostic] {
        var found: [Diagnostic] = []
        if let path = survey.guest.emulator, survey.destinationLook[.program(path)] == false {
            found.append(
                survey.problem(
                    "the emulator \"\(path)\" is not there", hint: "install the package that has it at the source"))
        }
        if survey.guest.hasEmulatedTPM, survey.destinationLook[.program("swtpm")] == false {
            found.append(
                survey.problem("swtpm is not there, which the guest's TPM needs", hint: "install the package swtpm"))
        }
        if let path = survey.guest.firmware, survey.destinationLook[.file(path)] == false {
            found.append(
                survey.problem(
                    "the guest's firmware \"\(path)\" is not there",
                    hint: "install the package that has it at the source"))
        }
        if survey.guest.choosesFirmware, survey.destinationLook[.firmware] == false {
            found.append(
                survey.problem("it has no UEFI firmware for QEMU", hint: "install the package ovmf (edk2-ovmf)"))
        }
        let accelerators = Set(kinds(survey).flatMap(\.accelerators))
        if !accelerators.isEmpty, !survey.guest.type.isEmpty, !accelerators.contains(survey.guest.type) {
            found.append(
                survey.problem(
                    "it cannot run guests of type \"\(survey.guest.type)\"",
                    detail: "it has \(accelerators.sorted().joined(separator: ", "))",
                    hint: survey.guest.type == "kvm" ? "turn on virtualisation in its firmware, load kvm" : nil))
        }
        return found
    }

    static func processor(_ survey: MigrationSurvey) -> [Diagnostic] {
        let hint =
            "`drover host baseline` computes a model that all hosts can give: `drover vm set \(survey.name) --cpu`"
        // One that is off moves, and would not start there.
        func refusal(_ detail: String?) -> [Diagnostic] {
            let words = "it cannot give the guest its processor"
            return [
                survey.isLive
                    ? survey.problem(words, detail: detail, hint: hint)
                    : survey.warning(words, detail: detail, hint: hint)
            ]
        }
        switch survey.processor {
        case .fits(.incompatible): return refusal(nil)
        case .lacks(let words): return refusal(words)
        case .unknown(let words):
            return [
                survey.warning(
                    "whether it can give the guest its processor is not known beforehand", detail: words,
                    hint: "QEMU looks at it too when the guest arrives, and it stays where it is if it does not fit")
            ]
        case .fits(.superset) where survey.guest.cpu?[attribute: "mode"] == "host-passthrough":
            return [
                survey.warning(
                    "its processor has more than the source's, which the guest sees as it is",
                    detail: "the guest may be unable to come back", hint: hint)
            ]
        case .fits: break
        }
        guard let cpus = survey.destinationLook.cpus, survey.guest.cpus > cpus else { return [] }
        return [survey.warning("it has \(cpus) processors, and the guest \(survey.guest.cpus)")]
    }

    static func memory(_ survey: MigrationSurvey) -> [Diagnostic] {
        let needed = survey.machine.memoryMiB
        if let pages = survey.guest.document.first("memoryBacking", "hugepages") {
            return hugepages(pages, survey)
        }
        let free = survey.destinationLook.availableMiB ?? survey.destinationInfo.freeMemoryMiB
        guard let free, free < needed else { return [] }
        let words = "too little memory: \(free) MiB are free, the VM has \(needed) MiB"
        let hint = "move another VM away first: `drover vm list`, `drover balance`"
        // One that is off needs none before it starts.
        return [survey.isLive ? survey.problem(words, hint: hint) : survey.warning(words, hint: hint)]
    }

    private static func hugepages(_ pages: XMLElement, _ survey: MigrationSurvey) -> [Diagnostic] {
        let needed = survey.machine.memoryMiB
        let named = pages.first("page").flatMap { page in
            DomainDescription.bytes(size: page[attribute: "size"], unit: page[attribute: "unit"]).map { $0 >> 10 }
        }
        let size = named ?? survey.destinationLook.hugepageSize
        let free = size.flatMap { survey.destinationLook.hugepagesMiB[$0] } ?? 0
        guard free < needed else { return [] }
        let words =
            "too few huge pages\(size.map { " of \($0) KiB" } ?? ""): \(free) MiB are free, the VM has \(needed) MiB"
        let hint = "raise vm.nr_hugepages there, or boot it with hugepagesz= and hugepages="
        return [survey.isLive ? survey.problem(words, hint: hint) : survey.warning(words, hint: hint)]
    }

    /// A display has its address and, where it is fixed, its port at the destination too.
    static func display(_ survey: MigrationSurvey) -> [Diagnostic] {
        let everywhere: Set = ["0.0.0.0", "127.0.0.1", "::", "::1", "localhost", ""]
        var found: [Diagnostic] = []
        for graphics in survey.guest.document.first("devices")?.all("graphics") ?? [] {
            let kind = graphics[attribute: "type"] ?? "display"
            let address = graphics[attribute: "listen"] ?? graphics.first("listen")?[attribute: "address"] ?? ""
            let look = survey.destinationLook
            if !everywhere.contains(address), !look.addresses.isEmpty, !look.addresses.contains(address) {
                found.append(
                    survey.problem(
                        "the guest's \(kind) display listens on \(address), which is no address there",
                        hint: "let it listen on 0.0.0.0 or 127.0.0.1"))
            }
            guard graphics[attribute: "autoport"] == "no",
                let port = graphics[attribute: "port"].flatMap({ Int($0) }), port > 0,
                look.listeningPorts.contains(port)
            else { continue }
            found.append(
                survey.problem(
                    "the port \(port) of the guest's \(kind) display is taken", hint: "let libvirt choose it: autoport")
            )
        }
        return found
    }
}
