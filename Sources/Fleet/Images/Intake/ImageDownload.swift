internal import Glibc
internal import PKI
internal import Values

/// Fetches a file by curl. What was interrupted is gone on with, as long as the server says that it is the same file.
struct ImageDownload: Sendable {
    let location: ImageLocation
    let fleet: FleetDirectory
    /// Whether the content is checked afterwards: only then may it come unencrypted.
    let isChecked: Bool
    /// Short, and no use half: it goes however the use of it ends.
    var isShort = false
    var say: @Sendable (String) -> Void

    /// The name of the part is the URL's digest, so that no URL is shown by it.
    private var directory: String { Self.folder(fleet) }
    private var key: String { String(ContentDigest.sha256(Array(location.text.utf8)).prefix(32)) }
    private var part: String { DiskPath.join(directory, key + ".part") }
    private var notes: String { DiskPath.join(directory, key + ".json") }

    /// Fetches the file and gives its path to `body`. Until that has ended nobody else fetches it, so that what was checked
    /// is what is kept. It stays, to be gone on with, unless `body` does ``discard()``.
    func fetched<Answer>(_ body: (String) async throws -> Answer) async throws -> Answer {
        try DiskPath.makeDirectory(directory, mode: 0o700)
        let lock = try OperationLock(fleet, "download-\(key)", meaning: "fetching \"\(location.shown)\"")
        defer { withExtendedLifetime(lock) {} }
        defer { if isShort { discard() } }
        return try await body(try await fetch())
    }

    /// - Returns: the path of the whole file.
    private func fetch() async throws -> String {
        for attempt in 1...3 {
            let seal = try startingPoint()
            let watch = Task { [say, location, part] in
                while !Task.isCancelled {
                    try await Task.sleep(for: .milliseconds(500))
                    say("fetching \(location.shown): \(ByteSize(bytes: (DiskPath.size(part) ?? 0) & ~0xFFFFF))")
                }
            }
            defer { watch.cancel() }
            let outcome = try await request(seal)
            let answer = HTTPAnswer(headersPath)
            try note(answer)
            if outcome.code == Self.locked {
                throw Diagnostic.error(
                    "a curl that was left behind still fetches \"\(location.shown)\"",
                    hint: "wait until it has ended, or end it")
            }
            // Nothing was missing: the process that fetched it was killed behind the last byte.
            let isWhole = seal != nil && answer.code == 416 && answer.length == DiskPath.size(part)
            if outcome.code == 0 || isWhole {
                DiskPath.remove(headersPath)
                return part
            }
            // 33: the server sends no part, or has another file by now: all of it anew.
            if seal != nil, outcome.code == 33 || answer.code == 416 {
                discard()
                continue
            }
            guard attempt < 3, [18, 28, 52, 56, 92].contains(outcome.code), (DiskPath.size(part) ?? 0) > 0 else {
                throw failure(outcome, answer.code)
            }
            say("the connection broke; going on where it ended")
        }
        throw Diagnostic.error("cannot fetch \"\(location.shown)\"", hint: "run the same command again: it goes on")
    }

    /// Where unfinished downloads wait to be gone on with.
    static func folder(_ fleet: FleetDirectory) -> String { DiskPath.join(fleet.images, "parts") }

    /// Removes the part and what is known of it; only for who has the lock.
    func discard() {
        for path in [part, notes, headersPath] { DiskPath.remove(path) }
    }

    /// What flock answers when another one has the lock; curl has no such code.
    private static let locked = 199

    private var headersPath: String { DiskPath.join(directory, key + ".headers") }

    /// What tells that the server's file is the one whose beginning is here; nil: begin anew.
    private func startingPoint() throws -> String? {
        // What a killed process heard counts too.
        try note(HTTPAnswer(headersPath))
        DiskPath.remove(headersPath)
        let known = (try? DiskFile.readText(notes)).flatMap { try? JSON.read(SourceText(name: notes, text: $0)) }
        if let seal = known?["seal"]?.string, (DiskPath.size(part) ?? 0) > 0 { return seal }
        discard()
        let descriptor = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(path: part, operation: "write", number: errno) }
        close(descriptor)
        return nil
    }

    /// URL and headers go by standard input: arguments are seen by every user of the machine.
    private func request(_ seal: String?) async throws -> ToolRun.Outcome {
        let schemes = location.scheme == "https" && !isChecked ? "=https" : "=https,http"
        var lines = [
            "url = \(Self.quoted(location.text))", "output = \(Self.quoted(part))",
            "dump-header = \(Self.quoted(headersPath))", "proto = \"=https,http\"", "proto-redir = \"\(schemes)\"",
            "location", "fail", "silent", "show-error", "globoff", "netrc-optional",
            "max-redirs = 10", "connect-timeout = 30", "speed-limit = 1", "speed-time = 60",
        ]
        if let seal {
            lines += ["continue-at = \"-\"", "header = \(Self.quoted("If-Range: " + seal))"]
        }
        // curl holds the lock itself: it goes on though this process is killed.
        let words = ["--nonblock", "--no-fork", "-E", "\(Self.locked)", part, "curl", "--disable", "--config", "-"]
        return try await ToolRun(
            tool: "flock", words: words, input: lines.joined(separator: "\n") + "\n", package: "util-linux and curl"
        ).run()
    }

    /// Remembers the validator of the answer that the part's bytes come from.
    private func note(_ answer: HTTPAnswer) throws {
        guard answer.code == 200, let seal = answer.seal else { return }
        let known: Value = ["url": Value(location.shown), "seal": Value(seal)]
        try DiskFile.write(Array(JSON.write(known).utf8), to: notes, mode: 0o600)
    }

    private func failure(_ outcome: ToolRun.Outcome, _ code: Int) -> Diagnostic {
        let kept = DiskPath.size(part) ?? 0
        let isResumable = kept > 0 && DiskPath.exists(notes)
        if !isResumable { discard() }
        let hint =
            isResumable
            ? "run the same command again: it goes on behind \(kept) bytes; `drover image prune --parts` removes them"
            : code == 404 ? "see whether it was published anew under another name" : nil
        return .error("cannot fetch \"\(location.shown)\"", detail: outcome.complaint, hint: hint)
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
        return "\"\(escaped)\""
    }
}

/// The last answer among those that curl wrote down.
private struct HTTPAnswer {
    /// 0 when there was none.
    var code = 0
    /// The whole file's bytes, as a refusal of a range tells them.
    var length: Int?
    /// What changes when the file does: a strong entity tag, or the time of its last change.
    var seal: String?

    init(_ path: String) {
        guard let text = try? DiskFile.readText(path) else { return }
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("HTTP/") {
                fields = [:]
                code = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            }
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        // A weak validator does not promise equal bytes.
        seal = fields["etag"].flatMap { $0.hasPrefix("W/") ? nil : $0 } ?? fields["last-modified"]
        length = fields["content-range"]?.split(separator: "/").last.flatMap { Int($0) }
    }
}
