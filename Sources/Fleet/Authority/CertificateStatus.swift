package import Inventory
package import PKI
package import Values

/// What hypervisors really serve, against what the ledger says: a handshake with libvirt for the API, the files on the
/// host for QEMU, which shows its certificate only while a guest moves.
package struct CertificateStatus: Sendable {
    private let context: FleetContext
    private let authority: Authority
    private let timeout: Duration

    package init(_ context: FleetContext, authority: Authority, timeout: Duration) {
        self.context = context
        self.authority = authority
        self.timeout = timeout
    }

    /// Two findings for each host, three where VNC speaks TLS, in the hosts' order.
    /// - Throws: `Diagnostics` when the authority itself cannot be used.
    package func examine(_ hosts: [Host]) async throws(Diagnostics) -> [CertificateFinding] {
        let probe: ServedCertificate
        do throws(PKIError) {
            probe = try await ServedCertificate(authority, timeout: timeout)
        } catch {
            throw Diagnostics(error.diagnostic)
        }
        let findings = await fanOut(hosts, limit: context.parallel) { host in
            async let api = served(host, probe)
            async let files = installed(host)
            return await [api] + files
        }
        return findings.flatMap { $0 }
    }

    /// What presses although every certificate is well: the CAs' own age, and a rotation that was not finished.
    package func advice() -> [Diagnostic] {
        Plane.allCases.compactMap { plane in
            if (try? authority.isRotating(plane: plane)) == true {
                return .warning(
                    "a rotation of the \(plane) CA is not finished", hint: "go on with `drover pki rotate`")
            }
            let due = (try? authority.rotationDue(plane: plane)) ?? nil
            return due.map { .warning($0, hint: "replace it with `drover pki rotate --ca`") }
        }
    }

    private func served(_ host: Host, _ probe: ServedCertificate) async -> CertificateFinding {
        var finding = CertificateFinding(host: host.name, plane: .api)
        switch await probe.look(at: host) {
        case .failure(let error):
            finding.isUnreachable = [.unreachable, .timeout].contains(error.code)
            finding.problem = "nothing is served on port \(ServedCertificate.port): \(error.message)"
        case .success(let seen):
            describe(seen.certificate, host, .api, in: &finding)
            if let problem = CertificateJudgement.served(seen) ?? finding.problem { finding.problem = problem }
            finding.isVerified = seen.verified && seen.accepted != false
        }
        return finding
    }

    private func installed(_ host: Host) async -> [CertificateFinding] {
        var finding = CertificateFinding(host: host.name, plane: .migration)
        let survey: KeySurvey
        do throws(HostProblem) {
            survey = try await look(host)
        } catch {
            finding.isUnreachable = error.kind != .failed
            finding.problem = error.diagnostic.summary
            return [finding]
        }
        if let text = survey.dataCertificatePEM, let certificate = try? Certificate(pem: text) {
            describe(certificate, host, .data, in: &finding)
            finding.isVerified = verifies(certificate, host)
        }
        let current = (try? authority.current(name: host.name, plane: .data)) ?? nil
        let wanted = CertificateJudgement.Wanted(
            certificateSHA256: current.map { ContentDigest.sha256(Array($0.certificatePEM.utf8)) },
            keySHA256: current?.keySHA256,
            bundleSHA256: (try? authority.bundle(plane: .data)).map { ContentDigest.sha256(Array($0.utf8)) })
        if let problem = CertificateJudgement.installed(survey, wanted) { finding.problem = problem }
        if finding.problem == nil && !finding.isVerified {
            finding.problem = "its certificate does not stand before the data CA"
        }
        guard survey.hasVNC else { return [finding] }
        var vnc = CertificateFinding(host: host.name, plane: .vnc)
        (vnc.serial, vnc.notAfter, vnc.issuerSerial) = (finding.serial, finding.notAfter, finding.issuerSerial)
        (vnc.isVerified, vnc.problem) = (finding.isVerified, finding.problem)
        return [finding, vnc]
    }

    private func look(_ host: Host) async throws(HostProblem) -> KeySurvey {
        let connection = try await context.connector.connect(to: host)
        do throws(HostProblem) {
            let channel = try await RunChannel.open(on: connection, host: host.name)
            let survey = try await KeySurvey.take(over: channel, host: host.name)
            await channel.bye()
            await connection.close()
            return survey
        } catch {
            await connection.close()
            throw error
        }
    }

    private func verifies(_ certificate: Certificate, _ host: Host) -> Bool {
        guard let bundle = try? authority.bundle(plane: .data), let trust = try? TrustBundle(pem: bundle) else {
            return false
        }
        return (try? trust.verify(certificate, name: host.address, purpose: .server).isTrusted) ?? false
    }

    /// What the certificate says, and why the ledger would replace it.
    private func describe(
        _ certificate: Certificate, _ host: Host, _ plane: PKI.Plane, in finding: inout CertificateFinding
    ) {
        finding.serial = certificate.serial
        finding.notAfter = certificate.notAfter
        let issuers = (try? authority.issuers(plane: plane)) ?? []
        let entry = (try? authority.entry(serial: certificate.serial)) ?? nil
        finding.issuerSerial =
            entry?.issuerSerial ?? issuers.first { $0.subjectKeyID == certificate.authorityKeyID }?.serial
        let current = (try? authority.current(name: host.name, plane: plane)) ?? nil
        let algorithm = (try? authority.leafAlgorithm(plane)) ?? .ecP256
        let profile = HostProfiles.profile(
            of: host, plane: plane, algorithm: algorithm, wishes: CertificateWishes(current))
        let renewal = entry.flatMap { (try? authority.needsRenewal($0, for: profile)) ?? nil }
        finding.problem = CertificateJudgement.ledger(
            serial: certificate.serial, isKnown: entry != nil, current: current?.serial, renewal: renewal?.description)
    }
}
