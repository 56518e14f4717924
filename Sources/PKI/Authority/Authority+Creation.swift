import Glibc

extension Authority {
    /// Makes a new authority: two CAs and an empty ledger.
    ///
    /// - Parameters:
    ///   - fleetName: goes into the CAs' names; at most 40 characters.
    ///   - overwrite: replace an authority that is there; it is kept in `replaced-TIME` beside the new one.
    ///   - now: seconds since 1970.
    /// - Throws: `exists` if there is one, even an incomplete one, and `overwrite` is not set.
    public static func create(
        directory: String, fleetName: String, algorithm: KeyAlgorithm = .ecP256, caDays: Int = 3650,
        requestedBy: String = "", overwrite: Bool = false, now: Int = UnixTime.now
    ) async throws(PKIError) -> Authority {
        let path = trimmed(directory)
        guard (1...40).contains(fleetName.unicodeScalars.count) else {
            throw PKIError(.invalidInput, "fleet name '\(Printable.text(fleetName))' is not 1 to 40 characters long")
        }
        guard (1...36500).contains(caDays) else {
            throw PKIError(.invalidInput, "a CA validity of \(caDays) days is outside 1 to 36500")
        }
        try await OwnThread.run { () throws(PKIError) in
            var made: [(Plane, IssuingCA)] = []
            for plane in Plane.allCases {
                let key = try PrivateKey.make(algorithm)
                made.append(
                    (plane, try .make(fleetName: fleetName, plane: plane, key: key, days: caDays, now: now)))
            }
            try SecureFile.makeDirectory(path)
            try Permissions.examine(path)
            try StoreLock(path + "/lock").hold { () throws(PKIError) in
                if AuthorityStore.isPresent(in: path) {
                    guard overwrite else {
                        throw PKIError(
                            .exists, "there is an authority in '\(path)' already",
                            hint: "every certificate would have to be replaced; overwrite it explicitly to do so",
                            path: path)
                    }
                    try putAside(path, now: now)
                }
                try writeNew(made, in: path, requestedBy: requestedBy, now: now)
            }
        }
        return try await open(directory: directory)
    }

    /// The ledger is written last: without it, what is there is refused as incomplete instead of used.
    private static func writeNew(
        _ made: [(Plane, IssuingCA)], in path: String, requestedBy: String, now: Int
    ) throws(PKIError) {
        let store = AuthorityStore(path)
        var ledger: [UInt8] = []
        for (plane, authority) in made {
            try SecureFile.makeDirectory("\(path)/\(plane.rawValue)")
            try PlaneFolder(store: store, plane: plane).write([authority], keysFirst: true)
            var line = LedgerLine(.authority, plane: plane, by: requestedBy, reason: "created", at: now)
            line.describe(authority.certificate)
            ledger += try line.encoded()
        }
        try SecureFile.replace(path + "/ledger.jsonl", with: ledger)
    }

    private static func putAside(_ path: String, now: Int) throws(PKIError) {
        let suffix = Hex.text(try GnuTLS.random(3))
        let aside = "\(path)/replaced-\(UnixTime.iso8601(now).filter { $0 != ":" })-\(suffix)"
        try SecureFile.makeDirectory(aside)
        for name in try SecureFile.names(in: path) {
            guard name != "lock", name.first != ".", !name.hasPrefix("replaced-") else { continue }
            guard rename("\(path)/\(name)", "\(aside)/\(name)") == 0 else {
                throw .system("move aside", "\(path)/\(name)")
            }
        }
        try SecureFile.syncDirectory(path)
    }
}
