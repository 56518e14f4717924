internal import Inventory
internal import Values

/// What both hosts have at the paths of a VM's files, and which of them are one.
struct DiskSurvey: Sendable {
    /// A path and the format of the image there; nil for what is no image.
    struct Place: Sendable, Hashable {
        var path: String
        var format: String?
    }

    struct Entry: Sendable {
        var here: FileLook
        var there: FileLook
        var proof: SharednessProof
    }

    private var entries: [String: Entry] = [:]

    /// Nil when the path was not asked for.
    subscript(_ path: String) -> Entry? {
        get { entries[path] }
        set { entries[path] = newValue }
    }

    /// Looks at all places, and at the images below them. Three round trips, one more where there are images below; the
    /// tokens are removed before it returns.
    /// - Throws: ``HostProblem`` when either host cannot say; then nothing is decided.
    static func take(_ places: [Place], on hosts: MigrationHosts) async throws -> DiskSurvey {
        guard !places.isEmpty else { return DiskSurvey() }
        let token = Nonce.make()
        do {
            let survey = try await take(places, token, hosts)
            await removeTokens(token, survey.entries.values.map(\.here.folder), on: hosts.source)
            return survey
        } catch {
            // Where they are is not known for sure: wherever a file may be.
            await removeTokens(token, places.map { DiskPath.parent($0.path) }, on: hosts.source)
            throw error
        }
    }

    private static func take(_ places: [Place], _ token: String, _ hosts: MigrationHosts) async throws -> DiskSurvey {
        var here = try await look(places, token, ours: source, theirs: "", on: hosts.source)
        var places = places
        let known = Set(places.map(\.path))
        var below: [Place] = []
        for layer in here.flatMap({ ($0.layers ?? []).dropFirst() }) {
            let place = Place(path: layer.path, format: nil)
            if !known.contains(place.path), !below.contains(place) { below.append(place) }
        }
        if !below.isEmpty {
            here += try await look(below, token, ours: source, theirs: "", on: hosts.source)
            places += below
        }
        let there = try await look(places, token, ours: "", theirs: source, on: hosts.destination)
        let backs = try await lookBack(places, here, there, token, hosts)
        var survey = DiskSurvey()
        for (number, place) in places.enumerated() {
            survey[place.path] = Entry(
                here: here[number], there: there[number],
                proof: SharednessProof(here: here[number], there: there[number], back: backs[place.path]))
        }
        return survey
    }

    /// The other way round, for directories that only the destination may write to.
    private static func lookBack(
        _ places: [Place], _ here: [FileLook], _ there: [FileLook], _ token: String, _ hosts: MigrationHosts
    ) async throws -> [String: (there: FileLook, isSeen: Bool)] {
        let doubtful = places.indices.filter {
            here[$0].tokenProblem != nil && here[$0].kind != .block && there[$0].isFolderThere
        }
        guard !doubtful.isEmpty else { return [:] }
        let asked = doubtful.map { Place(path: places[$0].path, format: nil) }
        let theirs = try await look(asked, token, ours: destination, theirs: "", on: hosts.destination)
        let folders = theirs.map(\.folder)
        do {
            let seen = try await look(asked, token, ours: "", theirs: destination, on: hosts.source)
            await removeTokens(token, folders, on: hosts.destination)
            let pairs = zip(theirs, seen).map { (there: $0, isSeen: $1.seesToken) }
            return Dictionary(zip(asked.map(\.path), pairs)) { first, _ in first }
        } catch {
            await removeTokens(token, folders, on: hosts.destination)
            throw error
        }
    }

    /// Whose token it is.
    private static let source = "s"
    private static let destination = "d"
    private static let lookScript = String(decoding: PackageResources.disk_look_sh, as: UTF8.self)

    private static func look(
        _ places: [Place], _ token: String, ours: String, theirs: String, on side: MigrationHosts.Side
    ) async throws(HostProblem) -> [FileLook] {
        let text = try await side.run(
            lookScript, [("token", token), ("ours", ours), ("theirs", theirs), ("lifetime", "600")],
            arguments: places.flatMap { [$0.path, $0.format ?? "-"] }, doing: "look at the VM's files")
        return FileLook.read(text, paths: places.count)
    }

    /// Also when the task was cancelled.
    private static func removeTokens(_ token: String, _ folders: [String], on side: MigrationHosts.Side) async {
        let files = Set(folders).sorted().flatMap { folder in
            [source, destination].map { DiskPath.join(folder, ".drover-token-\(token)-\($0)") }
        }
        await Task { _ = try? await side.run(#"rm -f -- "$@""#, arguments: files, doing: "remove the tokens") }.value
    }
}
