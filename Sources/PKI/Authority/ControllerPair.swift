/// The controller's own certificate and key in a directory as libvirt's `pkipath` wants it.
public struct ControllerPair: Sendable, Hashable {
    /// Holds `cacert.pem`, `cacrl.pem`, `clientcert.pem` and `clientkey.pem`; never changes, and is removed at the
    /// second renewal after it was replaced.
    public let directory: String
    /// A link to the latest such directory, for use by hand.
    public let link: String
    public let entry: LedgerEntry
    /// Why the certificate was issued anew by this call, nil if it was not.
    public let renewed: String?
}
