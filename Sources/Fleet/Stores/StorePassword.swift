internal import FoundationEssentials
package import Hypervisor
package import Values

/// Where the password of a pool's login comes from. It is fetched when it is needed, and kept nowhere on the controller.
package enum StorePassword: Sendable {
    case text(String)
    /// The first line of what it prints.
    case command(String)
    /// The first line of the file.
    case file(String)

    /// What libvirt wants as the secret's value: a CephX key is base64 of it.
    func value(for kind: PoolSource.Login.Kind) async throws(Diagnostics) -> [UInt8] {
        let text: String
        switch self {
        case .text(let given): text = given
        case .command(let command):
            guard let printed = await SecretCommand.secret(from: command) else {
                throw Diagnostics(.error("the password command of the pool's login failed"))
            }
            text = printed
        case .file(let path):
            do throws(FileError) {
                let whole = try DiskFile.readText(DiskPath.expandingHome(path))
                text = whole.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init) ?? ""
            } catch {
                throw Diagnostics(error.diagnostic)
            }
        }
        guard !text.isEmpty else { throw Diagnostics(.error("the password of the pool's login is empty")) }
        guard kind == .ceph else { return Array(text.utf8) }
        guard let key = Data(base64Encoded: text) else {
            throw Diagnostics(
                .error("the CephX key is not base64", hint: "`ceph auth get-key client.NAME` prints one"))
        }
        return Array(key)
    }
}
