import Glibc

extension Authority {
    /// The ledger name of the controller's certificates; no host can be called that.
    public static let controllerName = "@controller"

    /// Makes sure that `pki/controller` (or `pki/controller-data`) holds a pair that is good for `?pkipath=`.
    ///
    /// The pair is issued anew when it is due or its CA was rotated; the bundle and the CRL beside it are replaced
    /// when they changed.
    /// - Parameters:
    ///   - commonName: what hosts see as the client's name.
    ///   - replacing: serial numbers of certificates that are to be replaced though they are not due.
    public func controllerPair(
        plane: Plane = .api, commonName: String = "controller", algorithm: KeyAlgorithm = .ecP256,
        replacing: Set<String> = [], requestedBy: String, now: Int = UnixTime.now
    ) async throws(PKIError) -> ControllerPair {
        let profile = LeafProfile(
            name: Self.controllerName, plane: plane,
            subject: Subject(
                commonName: commonName,
                organization: try issuers(plane: plane).first?.subjectFields.organization ?? ""),
            algorithm: algorithm, purposes: .client)
        return try await OwnThread.run { () throws(PKIError) in
            let wanted = try profile.normalized()
            return try store.exclusively { () throws(PKIError) in
                try refreshController(wanted, replacing: replacing, by: requestedBy, now: now)
            }
        }
    }

    private func refreshController(
        _ profile: LeafProfile, replacing: Set<String>, by: String, now: Int
    ) throws(PKIError) -> ControllerPair {
        let link = "\(directory)/controller" + (profile.plane == .api ? "" : "-\(profile.plane)")
        let trust = [
            "cacert.pem": try bundle(plane: profile.plane), "cacrl.pem": try currentCRL(profile.plane, now: now),
        ]
        let present = try installed(link, profile)
        let why: String?
        if let present, replacing.contains(present.entry.serial) {
            why = "it is rotated"
        } else if let present {
            why = try needsRenewal(present.entry, for: profile, now: now)?.description
        } else {
            why = "there was none"
        }
        if let present, why == nil {
            if try isSame(trust, in: present.directory) {
                return ControllerPair(directory: present.directory, link: link, entry: present.entry, renewed: nil)
            }
            let directory = try install(link, trust, present.entry.certificatePEM, present.key)
            return ControllerPair(directory: directory, link: link, entry: present.entry, renewed: nil)
        }
        let pair = try sign(profile, PrivateKey.make(profile.algorithm), by: by, reason: why ?? "", now: now)
        let directory = try install(link, trust, pair.certificate.pem, PrivateKey(pem: pair.keyPEM))
        return ControllerPair(directory: directory, link: link, entry: pair.entry, renewed: why)
    }

    /// What the link points to, if it is complete and the ledger knows it.
    private func installed(
        _ link: String, _ profile: LeafProfile
    ) throws(PKIError) -> (directory: String, entry: LedgerEntry, key: PrivateKey)? {
        guard let target = Self.target(of: link) else { return nil }
        let folder = "\(directory)/\(target)"
        guard let certificateText = try fileText("\(folder)/clientcert.pem"),
            SecureFile.exists("\(folder)/clientkey.pem"), let certificate = try? Certificate(pem: certificateText),
            let key = try? PrivateKey(SecureFile.read("\(folder)/clientkey.pem")),
            certificate.publicKeyMatches(key), let entry = try entry(serial: certificate.serial)
        else { return nil }
        return (folder, entry, key)
    }

    /// Writes a new directory and swings the link over to it; the one before the last is removed.
    private func install(
        _ link: String, _ trust: [String: String], _ certificate: String, _ key: PrivateKey
    ) throws(PKIError) -> String {
        let base = String(link.dropFirst(directory.count + 1))
        let name = ".\(base)-\(Hex.text(try GnuTLS.random(8)))"
        let folder = "\(directory)/\(name)"
        try SecureFile.makeDirectory(folder)
        for (file, text) in trust { try SecureFile.replace("\(folder)/\(file)", with: text) }
        try SecureFile.replace("\(folder)/clientcert.pem", with: certificate)
        try key.withPEM { (bytes) throws(PKIError) in
            try SecureFile.replace("\(folder)/clientkey.pem", with: bytes)
        }
        let previous = Self.target(of: link)
        let temporary = "\(directory)/\(SecureFile.temporaryPrefix)\(base)"
        unlink(temporary)
        guard symlink(name, temporary) == 0 else { throw .system("link", temporary) }
        guard rename(temporary, link) == 0 else { throw .system("replace", link) }
        try SecureFile.syncDirectory(directory)
        for old in try SecureFile.names(in: directory) where Self.isVersion(old, of: base) && old != name {
            // Somebody may be reading the previous one at this moment.
            if old != previous { try Self.remove("\(directory)/\(old)") }
        }
        return folder
    }

    private static func isVersion(_ name: String, of base: String) -> Bool {
        let prefix = ".\(base)-"
        return name.hasPrefix(prefix) && name.dropFirst(prefix.count).utf8.count == 16
            && name.dropFirst(prefix.count).allSatisfy(\.isHexDigit)
    }

    private static func remove(_ folder: String) throws(PKIError) {
        for name in try SecureFile.names(in: folder) { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    private static func target(of link: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = readlink(link, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let name = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.contains("/") ? nil : name
    }

    private func isSame(_ texts: [String: String], in folder: String) throws(PKIError) -> Bool {
        for (name, text) in texts where try fileText("\(folder)/\(name)") != text { return false }
        return true
    }

    private func fileText(_ path: String) throws(PKIError) -> String? {
        SecureFile.exists(path) ? try SecureFile.text(path) : nil
    }
}
