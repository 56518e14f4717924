/// What a rotation replaces.
package enum RotationScope: String, Sendable, Hashable, CaseIterable {
    /// The certificates and keys of hosts and controller.
    case leaf
    /// The CAs, and therefore everything that they signed.
    case ca
    /// Everything; the same as `ca`, since no certificate outlives its CA.
    case all

    package var replacesAuthorities: Bool { self != .leaf }

    /// Whether a rotation of this scope does all that one of `other` would.
    func covers(_ other: RotationScope) -> Bool { replacesAuthorities || !other.replacesAuthorities }
}

/// How far the rotation of CAs has come. The order is what keeps every pair of hosts able to talk at every moment: all
/// trust both CAs before the first certificate of the new one is shown, and none of the old one is left when it goes.
enum RotationStage: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// The new CA does not exist.
    case creation
    /// It is being made known to all; the old one issues.
    case trust
    /// It issues; hosts get their pairs from it one by one.
    case pairs
    /// The old one is dropped; hosts are to forget it.
    case cleanup

    /// - Parameters:
    ///   - issuers: serial numbers of the plane's CAs, the issuing one first.
    ///   - old: the CA that is to go.
    static func of(issuers: [String], old: String) -> RotationStage {
        guard issuers.contains(old) else { return .cleanup }
        if issuers.count == 1 { return .creation }
        return issuers.first == old ? .trust : .pairs
    }

    static func < (left: RotationStage, right: RotationStage) -> Bool { left.rawValue < right.rawValue }
}
