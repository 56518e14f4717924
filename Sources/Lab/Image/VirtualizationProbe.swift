/// Whether hosts get /dev/kvm: only if a guest was seen to boot with it. A device that is there may still hang.
package struct VirtualizationProbe: Sendable, Hashable {
    package var works: Bool
    /// Why, in words: `a guest booted with it in time`.
    package var reason: String

    private static let device = "/dev/kvm"
    private static let record = LabFolders.allRuntime + "/kvm"
    private static let seconds = 5

    /// The machine's answer, found once between two starts of the machine.
    static func answer(progress: LabProgress) async throws(LabError) -> VirtualizationProbe {
        if let known { return known }
        let found = try await boot(progress: progress)
        try Disk.write(record, (found.works ? "yes " : "no ") + found.reason + "\n")
        return found
    }

    /// What an earlier probe found, or that there is nothing to try.
    static var known: VirtualizationProbe? {
        guard Disk.exists(device) else {
            return VirtualizationProbe(works: false, reason: "this machine has no \(device)")
        }
        guard let text = Disk.read(record) else { return nil }
        let words = text.split(maxSplits: 1) { $0 == " " }
        guard words.count == 2 else { return nil }
        return VirtualizationProbe(works: words[0] == "yes", reason: String(words[1].filter { $0 != "\n" }))
    }

    private static func boot(progress: LabProgress) async throws(LabError) -> VirtualizationProbe {
        let lacking = Prerequisites.missing(Prerequisites.image + Prerequisites.probe)
        guard lacking.isEmpty else {
            let names = lacking.map(\.name).joined(separator: ", ")
            return VirtualizationProbe(works: false, reason: "no guest to try it with: this machine lacks \(names)")
        }
        let image = try await GuestImage.prepare(progress: progress)
        progress("trying whether a guest boots with \(device)")
        let outcome = try await Tool.attempt(words(image))
        if outcome.output.contains("drover-guest: probe") {
            return VirtualizationProbe(works: true, reason: "a guest booted with it")
        }
        return VirtualizationProbe(
            works: false, reason: "no guest booted with it within \(seconds) s: guests are emulated")
    }

    static func words(_ image: GuestImage) -> [String] {
        ["timeout", "--signal=KILL", String(seconds), "qemu-system-x86_64", "-no-user-config", "-nodefaults"]
            + ["-accel", "kvm", "-cpu", "host", "-m", "128", "-display", "none", "-serial", "stdio", "-no-reboot"]
            + ["-kernel", image.kernel, "-initrd", image.initialRoot]
            + ["-append", "console=ttyS0 quiet panic=1 drover.probe"]
    }
}
