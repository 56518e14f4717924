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

    var found: [AuthorityFile: Found] = [:]
    /// The certificate that QEMU serves, whatever it is.
    var dataCertificatePEM: String?
    /// Whether QEMU is told to speak TLS on VNC.
    var hasVNC = false

    /// - Parameter base: the folder below which the files lie.
    static func take(
        over channel: RunChannel, host: String, base: String = AuthorityFile.standardBase
    ) async throws(HostProblem) -> KeySurvey {
        try await channel.put("keys-survey", Array(script(base: base).utf8))
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
        var lines = String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)[
            ...]
        let places = Dictionary(uniqueKeysWithValues: AuthorityFile.all.map { ($0.name, $0) })
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

    subscript(_ plane: Plane, _ role: VirtKeyFile.Role) -> Found? { found[AuthorityFile(plane: plane, role: role)] }

    /// Prints a line for each file that is there, then QEMU's certificate.
    static func script(base: String) -> String {
        let looks = AuthorityFile.all.map { "look \($0.name) \"$base\($0.path(base: ""))\"\n" }
        return "base=\(ShellText.quoted(base))\n" + functions + looks.joined() + ending
    }

    private static let functions = """
        LC_ALL=C
        export LC_ALL
        look() {
            [ -f "$2" ] || return 0
            sum=$(sha256sum <"$2") && mode=$(stat -Lc %a "$2") || return 0
            printf '%s %s %s\\n' "$1" "${sum%% *}" "$mode"
        }

        """

    private static let ending = """
        conf=/etc/libvirt/qemu.conf vnc=
        [ ! -r "$conf" ] ||
            vnc=$(sed -n 's/^[[:space:]]*vnc_tls[[:space:]]*=[[:space:]]*\\([01]\\).*/\\1/p' "$conf" | tail -n 1)
        echo "vnc ${vnc:-0}"
        echo @certificate
        [ ! -f "$base/qemu/server-cert.pem" ] || head -c 32768 "$base/qemu/server-cert.pem"
        echo
        echo @end

        """
}
