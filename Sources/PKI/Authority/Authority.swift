/// A fleet's certificate authority: two issuing CAs, and a ledger of all that they signed.
///
/// The truth is in the directory. Several values, threads and processes may use the same one: changes are made under
/// a file lock, and each call sees what others have written before. Calls that change something wait for that lock
/// and for the disk on a thread of their own.
///
/// ```
/// pki/api/{ca.pem,ca.key,crl.pem}   the CA of libvirt's TLS; ca.pem is the bundle for hosts, the issuing CA first
/// pki/data/{...}                    the CA of QEMU's TLS
/// pki/ledger.jsonl                  what was issued, revoked and rotated, one JSON object a line
/// pki/controller, controller-data   links to the controller's own pairs, usable as libvirt's `pkipath`
/// pki/lock
/// ```
public struct Authority: Sendable {
    public let directory: String
    /// What was put right when the authority was opened, for the user to know.
    public let warnings: [String]
    let store: AuthorityStore

    init(_ store: AuthorityStore, warnings: [String]) {
        directory = store.directory
        self.store = store
        self.warnings = warnings
    }

    /// Opens the authority in `directory`.
    ///
    /// - Throws: `missing`; `permissions` if anything in it is open to group or others or belongs to another user;
    ///   `damaged` if the ledger has lines that cannot be read, or a CA's key is missing.
    public static func open(directory: String) async throws(PKIError) -> Authority {
        let path = trimmed(directory)
        return try await OwnThread.run { () throws(PKIError) in
            try Permissions.examine(path)
            guard AuthorityStore.isPresent(in: path) else {
                throw PKIError(
                    .missing, "there is no authority in '\(path)'", hint: "create it with: drover pki init",
                    path: path)
            }
            let store = AuthorityStore(path)
            let warnings = try StoreLock(path + "/lock").hold { () throws(PKIError) in
                try store.sweep()
                return try store.repairLedger()
            }
            for plane in Plane.allCases { _ = try PlaneFolder(store: store, plane: plane).authorities() }
            _ = try store.book()
            return Authority(store, warnings: warnings)
        }
    }

    /// True if `directory` holds an authority, or parts of one.
    public static func isPresent(in directory: String) -> Bool {
        AuthorityStore.isPresent(in: trimmed(directory))
    }

    /// The latest certificate that was issued to `name`, revoked or not.
    public func current(name: String, plane: Plane) throws(PKIError) -> LedgerEntry? {
        try store.book().latest(name: name, plane: plane)
    }

    public func entry(serial: String) throws(PKIError) -> LedgerEntry? {
        try store.book().entry(serial: serial.lowercased())
    }

    /// All certificates that were issued, oldest first.
    public func ledger() throws(PKIError) -> [LedgerEntry] { try store.book().entries }

    /// All that the authority ever did, oldest first.
    public func history() throws(PKIError) -> [LedgerLine] { try store.book().lines }

    /// `cacert.pem` for hosts: the issuing CA, and during a rotation the old one too.
    public func bundle(plane: Plane) throws(PKIError) -> String { try folder(plane).bundle() }

    /// The trusted CAs of a plane; the first one issues.
    public func issuers(plane: Plane) throws(PKIError) -> [Certificate] { try folder(plane).certificates() }

    func folder(_ plane: Plane) -> PlaneFolder { PlaneFolder(store: store, plane: plane) }

    static func trimmed(_ directory: String) -> String {
        var path = Substring(directory)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path.hasPrefix("/") || path.hasPrefix("./") ? String(path) : "./" + path
    }
}
