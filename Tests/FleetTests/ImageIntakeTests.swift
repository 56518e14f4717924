import Foundation
import TestSupport
import Testing
import Values

@testable import Fleet

/// Images of every kind taken in, with the real tools.
@Suite(.serialized) struct ImageIntakeTests {
    /// A raw disk with a boot record, some data, and much nothing.
    private static func disk(seed: UInt8 = 1) -> Data {
        var bytes = Data(count: 8 << 20)
        bytes.replaceSubrange(510..<512, with: [0x55, 0xAA])
        for index in 0..<100_000 { bytes[(5 << 20) + index] = UInt8(truncatingIfNeeded: index &* 31) ^ seed }
        return bytes
    }

    @discardableResult
    private static func tool(_ name: String, _ words: String...) async throws -> String {
        try await ToolRun(tool: name, words: words).orFail("prepare the test")
    }

    private static func names(_ name: String) -> ImageNames { ImageNames(name: name) }

    /// What a stored image holds, as a raw disk.
    private static func content(_ image: StoredImage, _ fleet: ScratchFleet) async throws -> Data {
        let raw = fleet.root + "/back.raw"
        try await tool("qemu-img", "convert", "-f", image.header.format.rawValue, "-O", "raw", image.path, raw)
        return try Data(contentsOf: URL(fileURLWithPath: raw))
    }

    @Test(arguments: ["raw", "qcow2", "vmdk", "vhdx", "vdi"], ["", "xz", "zstd", "gzip", "bzip2"])
    func everyKindIsTaken(_ format: String, _ packer: String) async throws {
        try await ScratchFleet.with { fleet in
            let raw = fleet.root + "/disk.raw"
            try Self.disk().write(to: URL(fileURLWithPath: raw))
            var file = fleet.root + "/an image.\(format)"
            try await Self.tool("qemu-img", "convert", "-f", "raw", "-O", format, raw, file)
            if !packer.isEmpty {
                try await Self.tool(packer, "-q", file)
                file += try #require(["xz": ".xz", "zstd": ".zst", "gzip": ".gz", "bzip2": ".bz2"][packer])
            }
            let image = try await ImageIntake(fleet.directory).add(.file(file), names: Self.names("x"))
            #expect(image.header.format == (format == "raw" ? .raw : .qcow2))
            #expect(image.header.virtualSize == 8 << 20)
            #expect(try await Self.content(image, fleet) == Self.disk())
            // Nothing is left beside it, and zeros take no room.
            #expect(Self.files(fleet).count == 4)
            var status = stat()
            #expect(stat(image.path, &status) == 0 && status.st_blocks * 512 < 2 << 20)
        }
    }

    private static func files(_ fleet: ScratchFleet) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: fleet.directory.images)) ?? []).sorted()
    }

    @Test func overlaysOfOnesOwnAreFlattened() async throws {
        try await ScratchFleet.with { fleet in
            try Self.disk().write(to: URL(fileURLWithPath: fleet.root + "/base.raw"))
            let overlay = fleet.root + "/over.qcow2"
            try await Self.tool(
                "qemu-img", "create", "-q", "-f", "qcow2", "-b", fleet.root + "/base.raw", "-F", "raw", overlay)
            let image = try await ImageIntake(fleet.directory).add(.file(overlay), names: Self.names("flat"))
            #expect(try await Self.content(image, fleet) == Self.disk())
        }
    }

    /// What comes packed may be anybody's: it must not pull a file of this machine into an image.
    @Test func strangersNameNoFilesHere() async throws {
        try await ScratchFleet.with { fleet in
            let evil = fleet.root + "/evil.qcow2"
            try await Self.tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", evil)
            try await Self.tool("gzip", evil)
            let problem = await #expect(throws: Diagnostic.self) {
                try await ImageIntake(fleet.directory).add(.file(evil + ".gz"), names: Self.names("evil"))
            }
            #expect(problem?.summary == "\"evil\" stands on another file")
            #expect(Self.files(fleet).isEmpty)
        }
    }

    @Test func unpackingIsBounded() async throws {
        try await ScratchFleet.with { fleet in
            let file = fleet.root + "/big.raw"
            try Self.disk().write(to: URL(fileURLWithPath: file))
            try await Self.tool("xz", "-q", file)
            let problem = await #expect(throws: Diagnostic.self) {
                try await ImageIntake(fleet.directory, limit: 1 << 20).add(
                    .file(file + ".xz"), names: Self.names("big"))
            }
            #expect(problem?.summary.contains("unpack to more than 1M") == true)
            try FileHandle(forWritingTo: URL(fileURLWithPath: file + ".xz")).truncate(atOffset: 300)
            let cut = await #expect(throws: Diagnostic.self) {
                try await ImageIntake(fleet.directory).add(.file(file + ".xz"), names: Self.names("big"))
            }
            #expect(cut?.summary.contains("xz failed") == true)
            #expect(Self.files(fleet).isEmpty)
        }
    }

    /// A small file of another kind may say that it is a disk of any size.
    @Test(arguments: ["vmdk", "vhdx", "vdi"]) func convertingIsBounded(_ format: String) async throws {
        try await ScratchFleet.with { fleet in
            let file = fleet.root + "/big.\(format)"
            try await Self.tool("qemu-img", "create", "-q", "-f", format, file, "64M")
            let problem = await #expect(throws: Diagnostic.self) {
                try await ImageIntake(fleet.directory, limit: 32 << 20).add(.file(file), names: Self.names("big"))
            }
            #expect(problem?.summary.contains("is a disk of 64M, which is more than 32M") == true)
            #expect(problem?.hint?.contains("--max-size") == true)
            #expect(Self.files(fleet).isEmpty)
        }
    }

    @Test func downloadsAreVerifiedAndGoneOnWith() async throws {
        try await ScratchFleet.with { fleet in
            let server = try FileServer(fleet.root)
            defer { server.stop() }
            let content = Self.disk()
            try content.write(to: URL(fileURLWithPath: fleet.root + "/a.raw"))
            let sums = try await Self.tool("sha512sum", fleet.root + "/a.raw")
            let checksum = "sha512:" + sums.prefix(128)
            let intake = ImageIntake(fleet.directory)
            let plain = try #require(ImageLocation(server.url + "/a.raw"))
            let unchecked = await #expect(throws: Diagnostic.self) {
                try await intake.add(.location(plain), names: Self.names("a"))
            }
            #expect(unchecked?.summary.contains("unencrypted and unchecked") == true)
            // Each answer breaks off behind a quarter: three of them, then a second command goes on.
            let cut = try #require(ImageLocation(server.url + "/cut/a.raw"))
            let broken = await #expect(throws: Diagnostic.self) {
                try await intake.add(.location(cut), names: Self.names("a"), proof: ImageProof(checksum: checksum))
            }
            #expect(broken?.hint?.contains("goes on behind") == true)
            #expect(Self.files(fleet) == ["parts"])
            let ranges = server.requests.map { $0.split(separator: " ")[1] }
            #expect(ranges == ["-", "bytes=2097152-", "bytes=3670016-"])
            // Published anew meanwhile: begun from the start, and refused, because it is not what was asked for.
            try Self.disk(seed: 2).write(to: URL(fileURLWithPath: fleet.root + "/a.raw"))
            let other = await #expect(throws: Diagnostic.self) {
                try await intake.add(.location(plain), names: Self.names("a"), proof: ImageProof(checksum: checksum))
            }
            #expect(other?.summary.contains("is not what its checksum says") == true)
            try content.write(to: URL(fileURLWithPath: fleet.root + "/a.raw"))
            let image = try await intake.add(
                .location(plain), names: Self.names("a"), proof: ImageProof(checksum: checksum))
            #expect(try Data(contentsOf: URL(fileURLWithPath: image.path)) == content)
            // Known by its published checksum: not fetched again.
            let asked = server.requests.count
            let again = try await intake.add(
                .location(cut), names: Self.names("b"), proof: ImageProof(checksum: checksum))
            #expect(again.digest == image.digest && server.requests.count == asked)
        }
    }

    /// A signer with a key of its own, whose public half is in `keys`.
    private struct Signer {
        let home = "/tmp/drover-gpg-\(UUID().uuidString.prefix(8))"
        var keys: String { home + "/keys.gpg" }

        static func with(_ body: (Signer) async throws -> Void) async throws {
            let signer = Signer()
            try FileManager.default.createDirectory(
                atPath: signer.home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            defer { try? FileManager.default.removeItem(atPath: signer.home) }
            try await signer.gpg("--quick-generate-key", "signer@example.org", "ed25519", "sign", "never")
            try await signer.gpg("--output", signer.keys, "--export")
            var problem: (any Error)?
            do { try await body(signer) } catch { problem = error }
            _ = try? await ToolRun(tool: "gpgconf", words: ["--homedir", signer.home, "--kill", "all"]).run()
            if let problem { throw problem }
        }

        func gpg(_ words: String...) async throws {
            let own = ["--homedir", home, "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]
            _ = try await ToolRun(tool: "gpg", words: own + words).orFail("prepare the test")
        }
    }

    @Test func whatIsHeldAnswersForItsSignatureToo() async throws {
        try await ScratchFleet.with { fleet in
            let server = try FileServer(fleet.root)
            defer { server.stop() }
            let file = fleet.root + "/a.raw"
            try Self.disk().write(to: URL(fileURLWithPath: file))
            let checksum = "sha256:" + (try await Self.tool("sha256sum", file)).prefix(64)
            let place = try #require(ImageLocation(server.url + "/a.raw"))
            let intake = ImageIntake(fleet.directory)
            let held = try await intake.add(
                .location(place), names: Self.names("a"), proof: ImageProof(checksum: checksum))
            let asked = server.requests.count { $0.hasPrefix("/a.raw ") }
            try await Signer.with { signer in
                try await signer.gpg("--output", fleet.root + "/a.sig", "--detach-sign", file)
                try "another".write(toFile: fleet.root + "/b", atomically: true, encoding: .utf8)
                try await signer.gpg("--output", fleet.root + "/b.sig", "--detach-sign", fleet.root + "/b")
                func add(_ name: String, _ signature: String) async throws -> StoredImage {
                    let proof = ImageProof(
                        checksum: checksum, signature: server.url + "/" + signature, keyring: signer.keys)
                    return try await intake.add(.location(place), names: Self.names(name), proof: proof)
                }
                let forged = await #expect(throws: Diagnostic.self) { try await add("forged", "b.sig") }
                #expect(forged?.summary.contains("does not hold") == true)
                #expect(try await add("signed", "a.sig").digest == held.digest)
            }
            #expect(server.requests.count { $0.hasPrefix("/a.raw ") } == asked, "it is not fetched again")
            #expect(try ImageStore(fleet.directory).list().map(\.name) == ["a", "signed"])
        }
    }

    @Test func whatIsNotItsFaultCostsNoDownload() async throws {
        try await ScratchFleet.with { fleet in
            let server = try FileServer(fleet.root)
            defer { server.stop() }
            let file = fleet.root + "/a.raw"
            try Self.disk().write(to: URL(fileURLWithPath: file))
            let checksum = "sha256:" + (try await Self.tool("sha256sum", file)).prefix(64)
            let place = try #require(ImageLocation(server.url + "/a.raw"))
            let other = fleet.root + "/other.raw"
            try Self.disk(seed: 2).write(to: URL(fileURLWithPath: other))
            let intake = ImageIntake(fleet.directory)
            let proof = ImageProof(checksum: checksum)
            // A name that something else has: nothing is fetched for it.
            try await intake.add(.file(other), names: Self.names("taken"))
            let refused = await #expect(throws: Diagnostic.self) {
                try await intake.add(.location(place), names: Self.names("taken"), proof: proof)
            }
            #expect(refused?.summary.contains("is taken by") == true && server.requests.isEmpty)
            // A signature that cannot be looked at: with a keyring it goes on behind the last byte.
            try "nothing".write(toFile: fleet.root + "/a.sig", atomically: true, encoding: .utf8)
            let unread = await #expect(throws: Diagnostic.self) {
                try await intake.add(
                    .location(place), names: Self.names("a"),
                    proof: ImageProof(
                        checksum: checksum, signature: server.url + "/a.sig", keyring: "/nowhere/keys.gpg"))
            }
            #expect(unread?.summary.contains("is not there") == true)
            _ = try await intake.add(.location(place), names: Self.names("a"), proof: proof)
            #expect(server.requests.filter { $0.hasPrefix("/a.raw") } == ["/a.raw -", "/a.raw bytes=\(8 << 20)-"])
        }
    }

    @Test func nobodyElseFetchesWhatIsBeingChecked() async throws {
        try await ScratchFleet.with { fleet in
            let server = try FileServer(fleet.root)
            defer { server.stop() }
            try Self.disk().write(to: URL(fileURLWithPath: fleet.root + "/a.raw"))
            let place = try #require(ImageLocation(server.url + "/a.raw"))
            func download(isShort: Bool = false) -> ImageDownload {
                ImageDownload(location: place, fleet: fleet.directory, isChecked: true, isShort: isShort) { _ in }
            }
            try await download().fetched { path in
                for isShort in [false, true] {
                    await #expect(throws: OperationLocked.self) {
                        try await download(isShort: isShort).fetched { _ in Issue.record("fetched twice at once") }
                    }
                }
                #expect(DiskPath.size(path) == 8 << 20, "whoever was refused leaves it")
            }
            try await download(isShort: true).fetched { #expect(DiskPath.exists($0)) }
            #expect(DiskPath.list(ImageDownload.folder(fleet.directory)).isEmpty)
        }
    }

    @Test func signaturesAreChecked() async throws {
        try await ScratchFleet.with { fleet in
            try await Signer.with { signer in
                let root = fleet.root.replacing(" ", with: "_")
                try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: root) }
                try Self.disk().write(to: URL(fileURLWithPath: root + "/a.raw"))
                let sums = try await Self.tool("sha256sum", root + "/a.raw")
                try sums.write(toFile: root + "/SUMS", atomically: true, encoding: .utf8)
                try await signer.gpg("--output", root + "/SUMS.sig", "--detach-sign", root + "/SUMS")
                try await signer.gpg("--output", root + "/SUMS.asc", "--clear-sign", root + "/SUMS")
                func add(_ list: String, _ signature: String) async throws -> StoredImage {
                    try await ImageIntake(fleet.directory).add(
                        .file(root + "/a.raw"), names: Self.names("signed"),
                        proof: ImageProof(
                            checksum: "file://\(root)/\(list)", signature: "file://\(root)/\(signature)",
                            keyring: signer.keys))
                }
                #expect(try await add("SUMS", "SUMS.sig").name == "signed")
                #expect(try await add("SUMS.asc", "SUMS.asc").name == "signed")
                try (sums + "\n").write(toFile: root + "/SUMS", atomically: true, encoding: .utf8)
                let forged = await #expect(throws: Diagnostic.self) { try await add("SUMS", "SUMS.sig") }
                #expect(forged?.summary.contains("does not hold") == true)
            }
        }
    }

    @Test func tagsStayWhereTheyWere() async throws {
        try await ScratchFleet.with { fleet in
            let store = ImageStore(fleet.directory)
            let intake = ImageIntake(fleet.directory)
            let file = fleet.root + "/a.raw"
            try Self.disk(seed: 1).write(to: URL(fileURLWithPath: file))
            let old = try await intake.add(.file(file), names: ImageNames(name: "deb", tags: ["one"]))
            try Self.disk(seed: 2).write(to: URL(fileURLWithPath: file))
            let new = try await intake.add(.file(file), names: ImageNames(name: "deb", tags: ["two"], replace: true))
            #expect(try store.find("deb").digest == new.digest)
            #expect(try store.find("deb:one").digest == old.digest)
            #expect(try store.find("deb@sha256:\(old.digest.prefix(10))").digest == old.digest)
            #expect(try store.find("sha256:\(new.digest)").digest == new.digest)
            #expect(throws: Diagnostic.self) { try store.find("deb@sha256:00000000") }
            #expect(try store.remove(name: "deb") == false)
            #expect(try store.remove(name: "deb:two") == true)
            #expect(!FileManager.default.fileExists(atPath: new.path))
            #expect(try store.list().map(\.name) == ["deb:one"])
            #expect(try store.sweep() == 0)
        }
    }
}

/// Fixtures/images/server.py at work.
private final class FileServer {
    let url: String
    private let process = Process()
    /// The server ends when this does, and so with the test process, however that ends.
    private let input = Pipe()
    private let folder: String

    init(_ folder: String) throws {
        self.folder = folder
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", Checkout.root + "/Tests/FleetTests/Fixtures/images/server.py", folder]
        process.standardInput = input
        process.standardOutput = output
        // Not the test's own: whoever reads that would wait for the server's end.
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        url = "http://127.0.0.1:" + line.filter(\.isNumber)
    }

    /// `PATH RANGE` of each request so far.
    var requests: [String] {
        let text = (try? String(contentsOfFile: folder + "/requests", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
}
