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
            let reason = Diagnostic.error("cannot unpack \"\(path)\": \(tool) failed", detail: ended.complaint)
            // By a signal it was ended from outside; else the content is damaged.
            if ended.code < 128 { throw UnusableContent(reason: reason) }
            throw reason
        }
        return work
    }

    /// Makes one qcow2 file of an image and all that it stands on, with no more memory, time and room than an image of
    /// that size needs: its tables may be anybody's.
    func convert(_ path: String, _ content: Content) async throws -> WorkFile {
        guard content.size <= limit else {
            throw Diagnostic.error(
                "\"\(path)\" is a disk of \(ByteSize(bytes: content.size)), which is more than \(ByteSize(bytes: limit))",
                hint: "if it is to be that large, allow it with --max-size")
        }
        let work = try WorkFile(in: directory)
        // The tables of a qcow2 file come to less than a thousandth of its content.
        let room = min(freeBytes(), content.size + content.size / 1000 + 64 << 20)
        let words = [
            "--as=4294967296", "--cpu=14400", "--fsize=\(room)", "--", "qemu-img", "convert", "-f", content.format,
            "-O", "qcow2", "--", path, work.path,
        ]
        _ = try await ToolRun(tool: "prlimit", words: words, package: "util-linux and qemu-utils")
            .orFail("convert \"\(path)\" from \(content.format)")
        return work
    }

    /// What a disk image says of itself.
    struct Content: Sendable {
        let format: String
        /// Bytes that a guest would see.
        let size: Int
        /// What it names beside itself: a backing file, a data file, a parent or extents.
        let companions: [String]
    }

    /// Looks at an image without opening what it names, with little memory and time, because the file may be anybody's.
    func content(_ path: String, format: String) async throws -> Content {
        let words = [
            "--as=2147483648", "--cpu=30", "--", "qemu-img", "info", "--output=json", "-f", format, "--", path,
        ]
        let text = try await ToolRun(tool: "prlimit", words: words, package: "util-linux and qemu-utils")
            .orFail("read \"\(path)\" as \(format)")
        let info = try JSON.read(SourceText(name: path, text: text))
        let data = info.at(["format-specific", "data"])
        let extents = data?["extents"]?.list?.compactMap { $0["filename"]?.string } ?? []
        let others = [info["backing-filename"]?.string, data?["data-file"]?.string].compactMap { $0 }
        return Content(
            format: format, size: info["virtual-size"]?.int ?? .max, companions: others + extents.filter { $0 != path })
    }

    /// Room on the store's disk, less a margin that everybody else may need.
    private func freeBytes() -> Int {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return limit }
        return max(0, Int(status.f_bavail) * Int(status.f_frsize) - 256 << 20)
    }
}
