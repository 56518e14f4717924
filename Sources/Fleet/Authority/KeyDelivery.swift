internal import Inventory
internal import Modules
internal import PKI
internal import States
internal import Values

/// Brings a host's certificates in place by a state run of `virt.keys` alone, and looks whether they are really served.
struct KeyDelivery: Sendable {
    let context: FleetContext
    let authority: Authority
    /// Serial numbers of certificates that are to be replaced though they are not due.
    let replacing: Set<String>
    let timeout: Duration

    /// What the host serves afterwards.
    struct Served: Sendable, Hashable {
        let apiSerial: String
        let dataSerial: String
    }

    /// - Throws: ``HostProblem``: unreachable before anything was done, or failed, or lost on the way.
    func deliver(to host: Host) async throws(HostProblem) -> Served {
        let run = StateRun(context, keys: KeyMaterials(context, replacing: replacing, keepsSubjects: true))
        let report = await run.run(try Self.lowState(for: host), on: host)
        if let problem = report.problem { throw problem }
        if let refusal = report.refusal.first { throw HostProblem(.failed, refusal) }
        guard let result = report.results.first, result.result == true else {
            throw failed(host, "its certificates could not be put in place", report.results.first?.comment)
        }
        return try await verify(host)
    }

    /// A real handshake must show the ledger's latest certificate, and the controller must be let in.
    private func verify(_ host: Host) async throws(HostProblem) -> Served {
        do throws(PKIError) {
            guard let api = try authority.current(name: host.name, plane: .api),
                let data = try authority.current(name: host.name, plane: .data)
            else { throw PKIError(.missing, "the ledger has no certificate for \(host.name)") }
            let probe = try await ServedCertificate(authority, timeout: timeout)
            let seen = try await probe.look(at: host).get()
            guard seen.certificate.serial == api.serial else {
                throw PKIError(
                    .handshake,
                    "port \(ServedCertificate.port) still serves certificate \(seen.certificate.serial), "
                        + "not \(api.serial)")
            }
            if let problem = CertificateJudgement.served(seen) { throw PKIError(.handshake, problem) }
            return Served(apiSerial: api.serial, dataSerial: data.serial)
        } catch {
            throw failed(host, "its new certificates are not served: \(error.message)", error.hint)
        }
    }

    private func failed(_ host: Host, _ summary: String, _ detail: String?) -> HostProblem {
        HostProblem(.failed, .error(summary, detail: detail, host: host.name))
    }

    /// The one state, compiled as any role is.
    private static func lowState(for host: Host) throws(HostProblem) -> LowState {
        do throws(Diagnostics) {
            let input = RenderInput(hostName: host.name, facts: Mapping(), vars: Mapping())
            return try StateCompiler.compile(
                sls: ["certificates"], tree: CertificateRole(), catalog: Catalog.standard, input: input)
        } catch {
            throw HostProblem(.failed, error.all[0])
        }
    }
}

/// A role of one state that is in no folder.
private struct CertificateRole: SourceTree {
    func read(_ path: String) -> SourceText? {
        guard path == "certificates.sls" else { return nil }
        return SourceText(name: "<pki rotate>", text: "certificates:\n  virt.keys\n")
    }

    func bytes(_ path: String) -> [UInt8]? { nil }
    func list(_ folder: String) -> [String] { folder.isEmpty ? ["certificates.sls"] : [] }
}
