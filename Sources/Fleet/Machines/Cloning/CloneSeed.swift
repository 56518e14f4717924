internal import FoundationEssentials
internal import Hypervisor
internal import Subprocess
internal import Values

/// The first boot of a copy: the source's, with another instance, host name and SSH host key.
struct CloneSeed {
    let old: String
    let new: String
    let instance: String
    /// MAC addresses of the source, and the copy's in their place.
    let addresses: [(String, String)]
    /// What the user gave for the copy.
    let networkConfig: String?

    /// What came of it.
    struct Made {
        /// The copy's SSH host key, public half.
        var hostKey: String?
        var warnings: [Diagnostic] = []
    }

    /// Reads the source's seed, if it has one, and makes the copy's.
    func make(_ disks: CloneDisks) async throws -> Made {
        guard let disk = disks.plan.disks.first(where: { $0.way == .seeded }) else { return Made() }
        disks.say("making the first-boot image")
        let folder = try PrivateFolder()
        let iso = folder.file("source.iso")
        try await disks.held.connection.download(disk.volume.name, in: disk.pool, to: iso)
        let (pieces, made) = try await pieces(from: try await Self.extract(iso, into: folder.path))
        let image = try await SeedImage(pieces)
        let length = UInt64(DiskPath.size(image.path) ?? 0)
        try await disks.make(VolumeSpec(name: disk.name, capacity: length, format: "raw"), disk)
        try await disks.held.connection.upload(image.path, to: disk.name, in: disk.pool)
        return made
    }

    /// The copy's files, made of the source's.
    func pieces(from given: [String: String]) async throws -> ([(name: String, text: String)], Made) {
        var made = Made()
        let meta = YAML.write(["instance-id": Value(instance), "local-hostname": Value(new)])
        var files = [("meta-data", meta)]
        if let text = given["user-data"] {
            let key = text.contains("ed25519_private") || Self.own(in: text) != nil ? try await GuestKey.make() : nil
            if let edited = edited(text, key) {
                files.append(("user-data", edited))
                made.hostKey = key?.publicText
            } else {
                files.append(("user-data", text))
                made.warnings.append(
                    .warning(
                        "the user-data of \"\(old)\" is none of Drover's", detail: "\"\(new)\" has it as it is",
                        hint: "see that no host name or key in it is the source's alone"))
            }
        }
        if let text = networkConfig ?? copied(given["network-config"], &made) { files.append(("network-config", text)) }
        return (files, made)
    }

    /// A card is the copy's own by its MAC address; an address that was given to the source stays the source's.
    private func copied(_ text: String?, _ made: inout Made) -> String? {
        guard var text else { return nil }
        let config = try? YAML.read(SourceText(name: "network-config", text: text))
        guard let config, !Self.hasStaticAddress(config) else {
            made.warnings.append(
                .warning(
                    "\"\(new)\" takes its address by DHCP", detail: "\"\(old)\" has addresses of its own",
                    hint: "give it others with --network-config"))
            return nil
        }
        for (mine, other) in addresses {
            for form in [mine, mine.uppercased()] { text = text.replacing(form, with: other) }
        }
        return text
    }

    private static func hasStaticAddress(_ value: Value) -> Bool {
        if let list = value.list { return list.contains(where: hasStaticAddress) }
        guard let map = value.map else { return false }
        return map.contains { key, value in
            switch key.string {
            // Of name servers, which anybody may ask.
            case "nameservers": false
            case "addresses", "address": true
            default: hasStaticAddress(value)
            }
        }
    }

    /// Where Drover's own part of a user-data is: all of it, or the last part of an archive; in base 64 or plainly.
    private static func own(in text: String) -> (range: Range<String.Index>, isEncoded: Bool)? {
        if text.hasPrefix("#cloud-config\n") { return (text.startIndex..<text.endIndex, false) }
        guard text.hasPrefix("Content-Type: multipart/mixed; boundary=\"==drover"),
            let last = text.ranges(of: "Merge-Type: ").last, let head = text[last.upperBound...].firstRange(of: "\n\n"),
            let end = text[head.upperBound...].ranges(of: "\n--==drover").last
        else { return nil }
        let isEncoded = text[last.upperBound..<head.lowerBound].contains("base64")
        return (head.upperBound..<end.lowerBound, isEncoded)
    }

    /// Nil where it cannot be told what is Drover's.
    private func edited(_ text: String, _ key: GuestKey?) -> String? {
        guard let own = Self.own(in: text) else { return nil }
        var part = String(text[own.range])
        if own.isEncoded {
            guard let data = Data(base64Encoded: part, options: .ignoreUnknownCharacters) else { return nil }
            part = String(decoding: data, as: UTF8.self)
        }
        guard var config = (try? YAML.read(SourceText(name: "user-data", text: part)))?.map else { return nil }
        if config["hostname"]?.string == old { config["hostname"] = Value(new) }
        if let key {
            config["ssh_keys"] = [
                "ed25519_private": Value(key.privateText), "ed25519_public": Value(key.publicText),
            ]
        }
        var edited = "#cloud-config\n" + YAML.write(Value(config))
        if own.isEncoded {
            edited = Data(edited.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        }
        return String(text[..<own.range.lowerBound] + edited + text[own.range.upperBound...])
    }

    /// The files of a NoCloud image that are there.
    private static func extract(_ iso: String, into folder: String) async throws -> [String: String] {
        var files: [String: String] = [:]
        for name in ["user-data", "network-config"] {
            let path = DiskPath.join(folder, name)
            let result: ExecutionResult<Void, DiscardedOutput, StringOutput<UTF8>>
            do {
                result = try await run(
                    Program.named("xorriso"),
                    arguments: ["-osirrox", "on", "-indev", "stdio:" + iso, "-extract", "/" + name, path],
                    output: .discarded, error: .string(limit: 1 << 16))
            } catch {
                throw Diagnostic.error(
                    "cannot read the first-boot image: xorriso did not start", detail: "\(error)",
                    hint: "install the package xorriso on this machine")
            }
            try Task.checkCancellation()
            if DiskPath.isFile(path) { files[name] = try DiskFile.readText(path) }
            guard
                result.terminationStatus.isSuccess || !(result.standardError.contains("FAILURE") && name == "user-data")
            else {
                throw Diagnostic.error("cannot read the source's first-boot image", detail: result.standardError)
            }
        }
        return files
    }
}
