package import Values

/// One certificate of a host as it was found, and what is wrong with it.
package struct CertificateFinding: Sendable, Hashable {
    /// Whose port shows it.
    package enum Plane: String, Sendable, Hashable {
        /// libvirt on port 16514.
        case api
        /// QEMU's streams of memory and disks.
        case migration
        /// QEMU's VNC servers, where they speak TLS.
        case vnc
    }

    package let host: String
    package private(set) var plane: Plane
    /// Hexadecimal; nil when none was seen.
    package var serial: String?
    /// Seconds since 1970.
    package var notAfter: Int?
    /// Of the CA that signed it, where the ledger or the bundle tells.
    package var issuerSerial: String?
    /// A handshake, or the files on the host, agree with the authority.
    package var isVerified = false
    /// What has to be done something about; nil when all is well.
    package var problem: String?
    /// The host or its port did not answer.
    package var isUnreachable = false

    package init(host: String, plane: Plane) {
        self.host = host
        self.plane = plane
    }

    /// The same, where another port shows the same certificate.
    func of(_ other: Plane) -> CertificateFinding {
        var copy = self
        copy.plane = other
        return copy
    }

    /// Whole days that are left; negative when it is over.
    package func daysLeft(now: Int) -> Int? {
        notAfter.map { Int((Double($0 - now) / 86400).rounded(.down)) }
    }

    /// Stable API: programs read these keys.
    package func value(now: Int) -> Value {
        Value(
            Mapping([
                ("host", Value(host)), ("plane", Value(plane.rawValue)), ("serial", serial.map { Value($0) } ?? .null),
                ("not_after", notAfter.map { Value(Clock.iso($0)) } ?? .null),
                ("days_left", daysLeft(now: now).map { Value($0) } ?? .null),
                ("issuer_serial", issuerSerial.map { Value($0) } ?? .null), ("verified", Value(isVerified)),
                ("problem", problem.map { Value($0) } ?? .null),
            ]))
    }
}
