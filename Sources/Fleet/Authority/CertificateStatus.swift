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
        var trust: [PKI.Plane: Trust] = [:]
        do throws(PKIError) {
            probe = try await ServedCertificate(authority, timeout: timeout)
            for plane in Plane.allCases {
                trust[plane] = Trust(
                    bundle: try authority.bundle(plane: plane), crl: try await authority.crl(plane: plane))
            }
        } catch {
            throw Diagnostics(error.diagnostic)
        }
        let findings = await fanOut(hosts, limit: context.parallel) { [trust] host in
            async let shown = served(host, probe)
            async let files = look(host)
            var (api, survey) = await (shown, files)
            if api.problem == nil, case .success(let seen) = survey {
                api.problem = judge(seen, host, .api, trust[.api])
            }
            return [api] + installed(survey, host, trust[.data])
        }
        return findings.flatMap { $0 }
    }

    /// What a plane's hosts are to trust.
    private struct Trust: Sendable {
        let bundle: String
        let crl: String
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

    private func installed(
        _ survey: Result<KeySurvey, HostProblem>, _ host: Host, _ trust: Trust?
    ) -> [CertificateFinding] {
        var finding = CertificateFinding(host: host.name, plane: .migration)
        switch survey {
        case .failure(let problem):
            finding.isUnreachable = problem.kind != .failed
            finding.problem = problem.diagnostic.summary
            return [finding]
        case .success(let seen):
            if let text = seen.dataCertificatePEM, let certificate = try? Certificate(pem: text) {
                describe(certificate, host, .data, in: &finding)
                finding.isVerified = verifies(certificate, host, trust)
            }
            finding.problem = judge(seen, host, .data, trust) ?? finding.problem
            if finding.problem == nil && !finding.isVerified {
                finding.problem = "its certificate does not stand before the data CA"
            }
            guard seen.hasVNC else { return [finding] }
            return [finding, finding.of(.vnc)]
        }
    }

    private func judge(_ survey: KeySurvey, _ host: Host, _ plane: PKI.Plane, _ trust: Trust?) -> String? {
        guard let trust else { return nil }
        let current = (try? authority.current(name: host.name, plane: plane)) ?? nil
        let wanted = CertificateJudgement.Wanted(
            certificate: current.map { ContentDigest.sha256(Array($0.certificatePEM.utf8)) }, key: current?.keySHA256,
            bundle: ContentDigest.sha256(Array(trust.bundle.utf8)), crl: ContentDigest.sha256(Array(trust.crl.utf8)))
        return CertificateJudgement.installed(survey, plane, wanted)
    }

    private func look(_ host: Host) async -> Result<KeySurvey, HostProblem> {
        do throws(HostProblem) {
            let connection = try await context.connector.connect(to: host)
            do throws(HostProblem) {
                let channel = try await RunChannel.open(on: connection, host: host.name)
                let survey = try await KeySurvey.take(over: channel, host: host.name)
                await channel.bye()
                await connection.close()
                return .success(survey)
            } catch {
                await connection.close()
                throw error
            }
        } catch {
            return .failure(error)
        }
    }

    private func verifies(_ certificate: Certificate, _ host: Host, _ trust: Trust?) -> Bool {
        guard let trust, let bundle = try? TrustBundle(pem: trust.bundle, crl: trust.crl) else { return false }
        return (try? bundle.verify(certificate, name: host.address, purpose: .server).isTrusted) ?? false
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
