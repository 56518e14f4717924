internal import Glibc
package import PKI
package import Values

extension FleetDirectory {
    /// Opens the fleet's authority.
    /// - Throws: `Diagnostics` that say how to make one, or what is wrong with the one that is there.
    package func openAuthority() async throws(Diagnostics) -> Authority {
        do {
            return try await Authority.open(directory: pki)
        } catch  where error.code == .missing {
            throw Diagnostics(
                .error(
                    "this fleet has no certificate authority", detail: "looked in \"\(displayName(pki))\"",
                    hint: "make one with `drover pki init`"))
        } catch {
            throw Diagnostics(error.diagnostic)
        }
    }
}

extension PKIError {
    /// The error as people read it.
    package var diagnostic: Diagnostic { .error(message, hint: hint) }
}

extension Authority {
    /// What kind of key the plane's certificates have: the same as its CA.
    package func leafAlgorithm(_ plane: Plane) throws(PKIError) -> KeyAlgorithm {
        guard let own = try issuers(plane: plane).first?.keyAlgorithm, KeyAlgorithm.supported.contains(own) else {
            return .ecP256
        }
        return own
    }
}

/// Who asks for a certificate, as the ledger keeps it: `user@machine`.
package enum Requester {
    package static let name: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        let isNamed = gethostname(&buffer, buffer.count - 1) == 0
        let machine =
            isNamed ? String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
        let user = getpwuid(getuid())?.pointee.pw_name.map { String(cString: $0) } ?? String(getuid())
        return machine.isEmpty ? user : "\(user)@\(machine)"
    }()
}
