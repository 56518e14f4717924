internal import Hypervisor
internal import Values

/// The process that a guest is on its source. libvirt ends it once it knows that the guest has arrived, and tells of that
/// only a quarter of a second later: a process that is no more can run nothing, whatever libvirt says.
struct SourceProcess: Sendable {
    private let pid: String
    private let side: MigrationHosts.Side

    /// Nil where it cannot be told: then libvirt's own word is waited for.
    static func find(vm: String, uuid: String, on side: MigrationHosts.Side) async -> SourceProcess? {
        let script = #"""
            for folder in /run/libvirt/qemu /var/run/libvirt/qemu; do
                pid=$(cat -- "$folder/$vm.pid" 2>/dev/null) || continue
                case $pid in '' | *[!0-9]*) continue ;; esac
                if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$uuid"; then echo "$pid"; fi
                break
            done
            """#
        let answer = try? await side.run(script, [("vm", vm), ("uuid", uuid)], doing: "look for the guest's process")
        guard let answer, let pid = Int(answer.filter { !$0.isWhitespace }), pid > 1 else { return nil }
        return SourceProcess(pid: "\(pid)", side: side)
    }

    /// Looks at it a hundred times a second.
    /// - Returns: true once it has ended; false when it has not within a few seconds, or that cannot be told.
    func waitForEnd() async -> Bool {
        let script = #"""
            looks=0
            while [ -d "/proc/$pid" ] && [ "$looks" -lt 300 ]; do
                looks=$((looks + 1))
                sleep 0.01 2>/dev/null || { sleep 1; looks=$((looks + 99)); }
            done
            if [ -d /proc/self ] && ! [ -d "/proc/$pid" ]; then echo gone; fi
            """#
        let answer = try? await side.run(script, [("pid", pid)], doing: "wait for the guest's process to end")
        return answer?.hasPrefix("gone") ?? false
    }
}
