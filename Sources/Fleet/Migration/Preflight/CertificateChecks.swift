internal import Inventory
internal import PKI
internal import Values

/// Whether QEMU at both ends will trust each other. What libvirt's own handshake shows is tried, not judged.
enum CertificateChecks {
    /// Warn of a pair that ends within so many seconds.
    private static let soon = 86_400

    static func data(_ survey: MigrationSurvey) -> [Diagnostic] {
        guard !survey.options.plain else {
            return [
                survey.warning(
                    "memory and disks travel unencrypted", detail: "`--plain` was asked for", at: survey.source)
            ]
        }
        let (here, there) = (survey.sourceLook.certificates, survey.destinationLook.certificates)
        let server = judge(
            there[.server], by: here[.ca], named: survey.destination.address, for: .server,
            offset: survey.destinationLook.clockOffset)
        let client = judge(
            here[.client], by: there[.ca], named: nil, for: .client, offset: survey.sourceLook.clockOffset)
        return server.map { finding($0, survey, "server-cert.pem", at: survey.destination.name) }
            + client.map { finding($0, survey, "client-cert.pem", at: survey.source.name) }
    }

    private struct Finding { var words: String; var isFatal = true }

    private static func finding(
        _ found: Finding, _ survey: MigrationSurvey, _ file: String, at host: String
    ) -> Diagnostic {
        Diagnostic(
            found.isFatal ? .error : .warning, "QEMU's certificate /etc/pki/qemu/\(file) does not do",
            detail: found.words,
            hint: "`drover apply` puts the right one in place, `drover pki rotate --leaf -t \(host)` a new one",
            host: host)
    }

    /// - Parameters:
    ///   - certificate: PEM of who shows it.
    ///   - bundle: PEM of the CAs of who looks at it.
    private static func judge(
        _ certificate: String?, by bundle: String?, named name: String?, for purpose: Purpose, offset: Double?
    ) -> [Finding] {
        guard let certificate else { return [Finding(words: "it is not there")] }
        guard let bundle else { return [Finding(words: "the other host has no /etc/pki/qemu/ca-cert.pem")] }
        do throws(PKIError) {
            let own = try Certificate(pem: certificate)
            let verdict = try TrustBundle(pem: bundle).verify(own, name: name, purpose: purpose)
            let now = Clock.now + Int((offset ?? 0).rounded())
            if verdict.isTrusted, !own.isValid(at: now) {
                return [Finding(words: "by the host's clock it is not valid: a clock is wrong")]
            }
            guard verdict.isTrusted else { return verdict.problems.map { Finding(words: $0) } }
            guard own.notAfter - now < soon else { return [] }
            return [Finding(words: "it ends within \(max(0, (own.notAfter - now) / 3600)) hours", isFatal: false)]
        } catch {
            return [Finding(words: "\(error)")]
        }
    }
}
