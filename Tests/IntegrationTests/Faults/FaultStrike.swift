import Foundation
import Glibc
import Lab
import TestSupport
import Testing

/// One thing that goes wrong, and how it is put right again.
struct FaultStrike: Sendable {
    let guest: FaultGuest
    let source: String
    let target: String
    let fault: Fault
    /// Which of several ways it goes wrong.
    let variant: String
    private var fleet: LabFleet { guest.fleet }

    private static let pool = "/var/lib/libvirt/images"

    init(_ fault: Fault, guest: FaultGuest, from source: String, to target: String, _ chance: inout Chance) {
        self.guest = guest
        self.source = source
        self.target = target
        self.fault = fault
        let variants: [String] =
            switch fault {
            case .linkCut: ["source", "target"]
            case .repliesLost: ["target sends nothing", "target's libvirt sends nothing", "source hears nothing"]
            case .linkSlow, .expired: ["source", "target"]
            case .cancel: ["by Drover", "by virsh"]
            default: [""]
            }
        variant = variants.randomElement(using: &chance) ?? ""
    }

    /// Whether the migration can go on in spite of it.
    var isSurvivable: Bool {
        switch fault {
        case .controllerKilled, .linkSlow, .diskFull, .expired: true
        default: false
        }
    }

    /// Whether it lasts until somebody puts it right.
    var lasts: Bool {
        switch fault {
        case .targetOff, .linkCut, .repliesLost, .linkSlow, .diskFull, .expired: true
        default: false
        }
    }

    private var place: String { variant == "source" ? source : target }

    func strike(_ command: pid_t) async throws {
        switch fault {
        case .controllerKilled: kill(command, SIGKILL)
        case .sourceLibvirtd: try await killed(source, "/run/libvirtd.pid")
        case .targetLibvirtd: try await killed(target, "/run/libvirtd.pid")
        case .sourceQEMU: try await killed(source, "/run/libvirt/qemu/\(guest.name).pid")
        case .targetQEMU: try await killed(target, "/run/libvirt/qemu/\(guest.name).pid")
        case .targetOff: try await fleet.lab.power(target, on: false)
        case .linkCut: try await fleet.lab.link(place, .cut)
        case .repliesLost: try await loseReplies()
        case .linkSlow: try await fleet.lab.link(place, .slow)
        case .diskFull: try await fill()
        case .expired: try await expire(place)
        case .cancel where variant == "by Drover": _ = try await fleet.drover("op", "cancel", guest.name)
        case .cancel: _ = try await fleet.on(source, "timeout 20 virsh -q domjobabort \(guest.name)")
        }
    }

    /// Puts right what lasts. May be done twice.
    func heal() async throws {
        switch fault {
        case .targetOff: try await fleet.lab.power(target, on: true)
        case .linkCut, .linkSlow, .repliesLost:
            for host in fleet.hosts { try await fleet.lab.link(host, .restore) }
            _ = try await fleet.on(target, "nft delete table inet faults 2>/dev/null")
        case .diskFull: _ = try await fleet.told(target, "rm -f \(Self.pool)/.filler*")
        case .expired: try await renew(place)
        default: break
        }
        for host in fleet.hosts {
            _ = try await eventually(within: 60, "libvirt answers on \(host)") {
                try await fleet.on(host, "timeout 10 virsh -q list >/dev/null").succeeded ? true : nil
            }
        }
    }

    /// What is not there any more cannot be killed.
    private func killed(_ host: String, _ file: String) async throws {
        _ = try await fleet.on(host, "kill -9 \"$(cat \(file))\"")
    }

    private func loseReplies() async throws {
        switch variant {
        case "target sends nothing": try await fleet.lab.link(target, .oneWay)
        case "source hears nothing": try await fleet.lab.link(source, .deaf)
        default:
            let rules = "add table inet faults; add chain inet faults out { type filter hook output priority 0; }"
            _ = try await fleet.told(target, "nft '\(rules); add rule inet faults out tcp sport 16514 drop'")
        }
    }

    private func fill() async throws {
        let line = """
            cd \(Self.pool); free=$(df -B1 --output=avail . | tail -n 1)
            fallocate -l $((free - 262144)) .filler; dd if=/dev/zero of=.filler-more bs=4k 2>/dev/null; true
            """
        _ = try await fleet.told(target, line)
    }

    /// Certificates that end in two seconds are put in place of a host's, and what serves them is told.
    private func expire(_ host: String) async throws {
        let script = Checkout.root + "/Tests/IntegrationTests/Fixtures/expiring-pair.sh"
        let planes = [
            ("api", "libvirt", [("servercert.pem", "serverkey.pem"), ("clientcert.pem", "clientkey.pem")]),
            ("data", "qemu", [("server-cert.pem", "server-key.pem"), ("client-cert.pem", "client-key.pem")]),
        ]
        for (plane, folder, pairs) in planes {
            let place = "/etc/pki/\(folder)"
            _ = try await fleet.told(
                host, "cd \(place) && cp -a versions/\"$(basename \"$(readlink current)\")\" versions/expiring")
            for (certificate, key) in pairs {
                let old = try fleet.write(
                    "expiring.pem", try await fleet.told(host, "cat \(place)/current/\(certificate)"))
                let own = try fleet.write(
                    "expiring.key", try await fleet.told(host, "cat \(place)/current/\(key)") + "\n")
                let authority = "\(fleet.drover.fleet)/pki/\(plane)"
                let new = try await Ended.run([
                    "sh", script, authority + "/ca.pem", authority + "/ca.key", old, own, "2",
                ])
                try #require(new.succeeded, new.words)
                _ = try await fleet.told(
                    host, "cat > \(place)/versions/expiring/\(certificate) <<'END'\n\(new.output)END")
            }
            try? FileManager.default.removeItem(atPath: fleet.folder + "/expiring.key")
            _ = try await fleet.told(
                host,
                """
                cd \(place) && readlink current > before.faults
                ln -s versions/expiring current.new && mv -T current.new current
                """)
        }
        _ = try await fleet.on(host, "timeout 20 virt-admin -q server-update-tls libvirtd")
    }

    private func renew(_ host: String) async throws {
        let line = """
            for place in /etc/pki/libvirt /etc/pki/qemu; do
                cd $place
                [ -e before.faults ] || continue
                ln -s "$(cat before.faults)" current.new && mv -T current.new current
                rm -rf versions/expiring before.faults
            done
            timeout 20 virt-admin -q server-update-tls libvirtd; true
            """
        _ = try await fleet.told(host, line)
    }
}
