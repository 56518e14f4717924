import CLibSSH2

/// Hashed names of known_hosts: HMAC-SHA1 of the name, keyed with a salt.
///
/// libssh2 has no public HMAC, but compares names with hashed entries: it is given a collection of one entry with a
/// stand-in key, and any answer but "not found" means that the name matched.
enum HashedName {
    static func matches(_ name: String, salt: String, hash: String) -> Bool {
        guard LibrarySession.isLibraryReady, let session = libssh2_session_init_ex(nil, nil, nil, nil) else {
            return false
        }
        defer { libssh2_session_free(session) }
        guard let hosts = libssh2_knownhost_init(session) else { return false }
        defer { libssh2_knownhost_free(hosts) }
        let key = "AAAA"
        let encoding = LIBSSH2_KNOWNHOST_KEYENC_BASE64 | LIBSSH2_KNOWNHOST_KEY_SSHRSA
        let added = libssh2_knownhost_add(
            hosts, hash, salt, key, 0, LIBSSH2_KNOWNHOST_TYPE_SHA1 | encoding, nil)
        guard added == 0 else { return false }
        let answer = libssh2_knownhost_check(
            hosts, name, key, key.utf8.count, LIBSSH2_KNOWNHOST_TYPE_PLAIN | encoding, nil)
        return answer == LIBSSH2_KNOWNHOST_CHECK_MATCH
    }
}
