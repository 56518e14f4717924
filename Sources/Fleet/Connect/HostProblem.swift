package import Values

/// Why a host could not do its part. What kind it is decides how the run is reported and how it exits.
package struct HostProblem: Error, Sendable {
    package enum Kind: String, Sendable {
        /// No working connection came about.
        case unreachable
        /// The connection was lost after work had begun: what the host did meanwhile is not known.
        case lost
        /// The host answered and could not do it.
        case failed
    }

    package var kind: Kind
    package var diagnostic: Diagnostic

    package init(_ kind: Kind, _ diagnostic: Diagnostic) {
        self.kind = kind
        self.diagnostic = diagnostic
    }
}
