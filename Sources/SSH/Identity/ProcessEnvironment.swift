import Glibc

/// What this library takes from the environment.
enum ProcessEnvironment {
    /// The agent of the user's login session.
    static var agentSocket: String? {
        guard let value = getenv("SSH_AUTH_SOCK") else { return nil }
        let path = String(cString: value)
        return path.isEmpty ? nil : path
    }
}
