internal import Glibc
internal import Values

/// Makes a plain disk image of a packed or foreign one, with the tools that are kept for it.
struct ImageUnpacking: Sendable {
    /// Where files are made.
    let directory: String
    /// What a packed image may become at most, in bytes.
    let limit: Int

    /// Unpacks a file; zeros become holes.
    func unpack(_ path: String, by tool: String) async throws -> WorkFile {
        let work = try WorkFile(in: directory)
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw FileError(path: path, operation: "unpack", number: errno) }
        let (output, input) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let limit = min(limit, freeBytes())
        // The path alone: the file is to go as soon as its maker lets go of it.
        let destination = work.path
        async let stored: Void = OwnThread.run {
            // Closing it tells the tool that no more is wanted.
            defer { close(output) }
            let file = try SparseFile(destination)
            try file.fill(from: output, limit: limit)
            try file.finish()
        }
        let outcome: Result<ToolRun.Outcome, any Error>
        do {
            outcome = .success(try await ToolRun(tool: tool, words: ["-dc", "--", path]).run(into: input))
        } catch {
            outcome = .failure(error)
        }
        // The last writer is gone: the reader sees the end.
        close(input)
        do {
            try await stored
        } catch let error as FileError where error.number == EFBIG {
            throw Diagnostic.error(
                "\"\(path)\" would unpack to more than \(ByteSize(bytes: limit))",
                hint: "if it is to be that large, allow it with --max-size and make room")
        }
        let ended = try outcome.get()
        guard ended.code == 0 else {
            throw Diagnostic.error("cannot unpack \"\(path)\": \(tool) failed", detail: ended.complaint)
        }
        return work
    }

    /// Makes one qcow2 file of an image and all that it stands on.
    func convert(_ path: String, from format: String) async throws -> WorkFile {
        let work = try WorkFile(in: directory)
        _ = try await ToolRun(
            tool: "qemu-img", words: ["convert", "-f", format, "-O", "qcow2", "--", path, work.path],
            package: "qemu-utils"
        ).orFail("convert \"\(path)\" from \(format)")
        return work
    }

    /// What a file names beside itself: a backing file, a data file, a parent or extents. Looked at without opening them,
    /// with little memory and time, because the file may be anybody's.
    func companions(_ path: String, format: String) async throws -> [String] {
        let words = [
            "--as=2147483648", "--cpu=30", "--", "qemu-img", "info", "--output=json", "-f", format, "--", path,
        ]
        let text = try await ToolRun(tool: "prlimit", words: words, package: "util-linux and qemu-utils")
            .orFail("read \"\(path)\" as \(format)")
        let info = try JSON.read(SourceText(name: path, text: text))
        let data = info.at(["format-specific", "data"])
        let extents = data?["extents"]?.list?.compactMap { $0["filename"]?.string } ?? []
        return [info["backing-filename"]?.string, data?["data-file"]?.string].compactMap { $0 }
            + extents.filter { $0 != path }
    }

    /// Room on the store's disk, less a margin that everybody else may need.
    private func freeBytes() -> Int {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return limit }
        return max(0, Int(status.f_bavail) * Int(status.f_frsize) - 256 << 20)
    }
}
