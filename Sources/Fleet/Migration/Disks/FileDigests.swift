internal import Inventory
internal import Values

/// SHA-256 of files as two hosts have them.
struct FileDigests: Sendable {
    private(set) var here: [String: String] = [:]
    private(set) var there: [String: String] = [:]

    init() {}

    /// For tables of cases.
    init(here: [String: String], there: [String: String]) {
        self.here = here
        self.there = there
    }

    /// Both hosts read at once.
    init(here: [String], there: [String], on hosts: MigrationHosts) async throws(HostProblem) {
        async let other = Self.outcome(there, on: hosts.destination)
        let own = await Self.outcome(here, on: hosts.source)
        let theirs = await other
        self.here = try own.get()
        self.there = try theirs.get()
    }

    func areEqual(_ path: String) -> Bool { here[path] != nil && here[path] == there[path] }

    private static func outcome(
        _ paths: [String], on side: MigrationHosts.Side
    ) async -> Result<[String: String], HostProblem> {
        do throws(HostProblem) {
            return .success(try await read(paths, on: side))
        } catch {
            return .failure(error)
        }
    }

    static func read(_ paths: [String], on side: MigrationHosts.Side) async throws(HostProblem) -> [String: String] {
        guard !paths.isEmpty else { return [:] }
        let text = try await side.run(
            #"for path do sum=$(sha256sum <"$path") || exit 1; echo "${sum%% *}"; done"#, arguments: paths,
            doing: "read files to compare them")
        let sums = text.split(separator: "\n").map(String.init)
        guard sums.count == paths.count, sums.allSatisfy({ $0.utf8.count == 64 }) else {
            throw HostProblem(
                .failed, .error("files could not be compared", detail: text, host: side.host.name))
        }
        return Dictionary(zip(paths, sums)) { first, _ in first }
    }
}
