internal import Modules
internal import PKI
internal import Values

/// What a host has of the authority's files: digests and modes, and the public certificate of QEMU's plane. No key
/// leaves the host for it.
struct KeySurvey: Sendable {
    struct Found: Sendable, Hashable {
        /// In hexadecimal.
        let sha256: String
        /// Permission bits.
        let mode: Int
    }

    var found: [KeyPlace: Found] = [:]
    /// The certificate that QEMU serves, whatever it is.
    var dataCertificatePEM: String?
    /// Whether QEMU is told to speak TLS on VNC.
    var hasVNC = false

    static func take(over channel: RunChannel, host: String) async throws(HostProblem) -> KeySurvey {
        try await channel.put("keys-survey", Array(script.utf8))
        let (output, code) = try await channel.exec("keys-survey")
        guard code == 0, let survey = KeySurvey(output) else {
            throw HostProblem(
                .failed,
                .error(
                    "cannot look at its certificates", detail: String(decoding: output.suffix(1000), as: UTF8.self),
                    host: host))
        }
        return survey
    }

    /// Reads what the script printed; nil when it did not come to its end.
    init?(_ output: [UInt8]) {
        var lines = String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)[...]
        let places = Dictionary(uniqueKeysWithValues: KeyPlace.all.map { ($0.name, $0) })
        while let line = lines.popFirst(), line != "@certificate" {
            let fields = line.split(separator: " ").map(String.init)
            if fields.first == "vnc" { hasVNC = fields.last == "1" }
            guard fields.count == 3, let place = places[fields[0]], fields[1].count == 64,
                fields[1].allSatisfy(\.isHexDigit), let mode = Int(fields[2], radix: 8)
            else { continue }
            found[place] = Found(sha256: fields[1], mode: mode)
        }
        guard let end = lines.lastIndex(of: "@end") else { return nil }
        let text = lines[..<end].joined(separator: "\n")
        dataCertificatePEM = text.isEmpty ? nil : text + "\n"
    }

    subscript(_ plane: Plane, _ role: VirtKeyFile.Role) -> Found? { found[KeyPlace(plane: plane, role: role)] }

    /// The paths are constants without anything that a shell would take for its own.
    static let script =
        """
        LC_ALL=C; export LC_ALL
        look() {
            [ -f "$2" ] || return 0
            sum=$(sha256sum <"$2") && mode=$(stat -Lc %a "$2") || return 0
            printf '%s %s %s\\n' "$1" "${sum%% *}" "$mode"
        }

        """ + KeyPlace.all.map { "look \($0.name) \($0.path)\n" }.joined() + """
        vnc=
        [ ! -r /etc/libvirt/qemu.conf ] ||
            vnc=$(sed -n 's/^[[:space:]]*vnc_tls[[:space:]]*=[[:space:]]*\\([01]\\).*/\\1/p' /etc/libvirt/qemu.conf | tail -n 1)
        echo "vnc ${vnc:-0}"
        echo @certificate
        [ ! -f /etc/pki/qemu/server-cert.pem ] || head -c 32768 /etc/pki/qemu/server-cert.pem
        echo
        echo @end

        """
}
