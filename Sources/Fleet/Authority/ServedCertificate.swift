internal import Inventory
internal import PKI
internal import Values

/// Looks at what libvirt serves on a host, as the controller itself would be served.
struct ServedCertificate: Sendable {
    static let port = 16514

    private let bundle: String
    private let crl: String
    private let client: ClientPair
    private let timeout: Duration

    /// Takes the trust and the controller's pair as they are now; the pair is renewed when it is due.
    init(_ authority: Authority, timeout: Duration) async throws(PKIError) {
        bundle = try authority.bundle(plane: .api)
        crl = try await authority.crl(plane: .api)
        let folder = try await authority.ownPair().directory
        do throws(FileError) {
            client = ClientPair(
                certificatePEM: try DiskFile.readText(DiskPath.join(folder, "clientcert.pem")),
                keyPEM: try DiskFile.read(DiskPath.join(folder, "clientkey.pem")))
        } catch {
            throw PKIError(.missing, error.diagnostic.summary, path: error.path)
        }
        self.timeout = timeout
    }

    func look(at host: Host) async -> Result<ProbeResult, PKIError> {
        do throws(PKIError) {
            return .success(
                try await TLSProbe.servedCertificate(
                    address: host.address, port: Self.port, serverName: host.address, bundle: bundle, crl: crl,
                    client: client, timeout: timeout))
        } catch {
            return .failure(error)
        }
    }
}
