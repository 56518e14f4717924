import Foundation
import Hypervisor
import Inventory
import TestSupport
import Testing
import Values

@testable import Fleet

/// What is done with each file of a VM that moves, from what both hosts have of it.
@Suite struct DiskMoveTests {
    @Test(arguments: FleetFixtures.cases("disk-sharing.yaml")) func proves(_ line: FixtureCase) throws {
        func look(_ key: String) -> FileLook { FileLook.read(line[key]?.string ?? "", paths: 1)[0] }
        let back = line["back"].map { _ in (there: look("back"), isSeen: line["seen"]?.bool == true) }
        let words =
            switch SharednessProof(here: look("here"), there: look("there"), back: back) {
            case .shared: "shared"
            case .apart: "apart"
            case .unproven(let why): why
            }
        #expect(words == line["proof"]?.string)
    }

    @Test(arguments: FleetFixtures.cases("disk-decisions.yaml")) func decides(_ line: FixtureCase) throws {
        let text = "<domain><devices>\(line["disk"]?.string ?? "")</devices></domain>"
        let disk = try #require(DomainDescription(try XMLElement(reading: text)).disks.first)
        let path = try #require(disk.source?.path)
        var survey = DiskSurvey()
        for (key, _) in line["here"]?.map ?? Mapping() {
            let name = try #require(key.string)
            let here = Self.look(line["here"]?[name], at: name, token: "written", kind: "file")
            let there = Self.look(line["there"]?[name], at: name, token: "none", kind: "none")
            survey[name] = DiskSurvey.Entry(
                here: here, there: there, proof: SharednessProof(here: here, there: there))
        }
        let (wantedHere, wantedThere) = DiskDecision.comparisons(of: [(disk, path)], survey, images: [])
        let same = line["same"]?.list?.compactMap(\.string) ?? []
        let digests = FileDigests(
            here: Dictionary(uniqueKeysWithValues: wantedHere.map { ($0, "a") }),
            there: Dictionary(uniqueKeysWithValues: wantedThere.map { ($0, same.contains($0) ? "a" : "b") }))
        var decision = DiskDecision(
            from: "hv1", to: "hv2", isLive: line["live"]?.bool ?? true, survey: survey, digests: digests)
        let plan = decision.decide(disk, at: path)
        #expect(decision.problems.first?.summary == line["problem"]?.string)
        guard line["problem"] == nil else { return }
        #expect(plan?.plan.rawValue == line["plan"]?.string)
        #expect(plan?.isFlattened == (line["flattened"]?.bool ?? false))
        let layers = plan?.layers.map { layer in
            switch layer.origin {
            case .present: "\(layer.path) present"
            case .image: "\(layer.path) image"
            case .source: "\(layer.path) source"
            }
        }
        #expect(layers == line["layers"]?.list?.compactMap(\.string) ?? [])
    }

    /// As the host would print it.
    private static func look(_ value: Value?, at path: String, token: String, kind: String) -> FileLook {
        var lines = ["0 real \(path)"]
        let kind = value?["kind"]?.string ?? kind
        if value?["folder"]?.string != "none" { lines.append("0 folder there") }
        let said = value?["token"]?.string ?? token
        if said != "none" { lines.append("0 token \(said)") }
        if kind != "none" { lines.append("0 kind \(kind)") }
        lines.append("0 size \(value?["size"]?.int ?? 0)")
        if let image = value?["image"] { lines.append("0 image \(JSON.write(image, pretty: false))") }
        return FileLook.read(lines.joined(separator: "\n"), paths: 1)[0]
    }

    /// At no pair of states may both be let start.
    @Test func theTableNeverFreesBoth() {
        for source in OfflineSide.allCases {
            for destination in OfflineSide.allCases {
                let action = OfflineTruth.action(source: source, destination: destination)
                switch action {
                case .undo: #expect(destination == .absent && source != .absent && source != .unreachable)
                case .complete: #expect(source == .barred && [.off, .active].contains(destination))
                case .finish: #expect(source == .absent && [.off, .active].contains(destination))
                case .wait: #expect(source == .unreachable || destination == .unreachable)
                case .pauseBoth: #expect(source == .active && destination == .active)
                case .ask: #expect(source != .unreachable && destination != .unreachable)
                }
            }
        }
        #expect(OfflineTruth.action(source: .off, destination: .off) == .ask)
        #expect(OfflineTruth.action(source: .absent, destination: .absent) == .ask)
    }

    @Test func networkDisksAreOneByTheirServersAddresses() throws {
        typealias Sight = NetworkDiskProof.Sight
        let size = #"{"virtual-size": 4096}"#
        func judge(_ here: String, _ there: String) -> String? {
            NetworkDiskProof.judge(Sight(here), Sight(there), isAsked: true)
        }
        let good = "addresses 10.0.0.9 \nimage \(size)"
        #expect(judge(good, good) == nil)
        #expect(judge(good, "addresses 10.0.0.8\nimage \(size)")?.contains("another address") == true)
        #expect(judge("addresses 127.0.0.1\nimage \(size)", "addresses 127.0.0.1\nimage \(size)") != nil)
        #expect(judge(good, "addresses 10.0.0.9\nimage {\"virtual-size\": 1}") == "it has another size there")
        #expect(judge(good, "addresses 10.0.0.9\nimage no route")?.contains("no route") == true)
        #expect(judge("", "") == "its server is not known")
        let source = try XMLElement(
            reading: "<source protocol='iscsi' name='iqn.x:d/1'><host name='fe80::1' port='3261'/></source>")
        #expect(NetworkDiskProof.url(source) == "iscsi://[fe80::1]:3261/iqn.x:d/1")
    }

    @Test func aHostsWordsBecomeNoPaths() {
        let digest = String(repeating: "a", count: 64)
        #expect(StateTransfer.pieces("600 tss:tss \(digest) YQ== tpm2/tpm2-00.permall\n")?.count == 1)
        #expect(StateTransfer.pieces("600 tss:tss \(digest) YQ== .\n")?.first?.name == "")
        for bad in [
            "600 tss:tss \(digest) YQ== ../x", "600 tss:tss \(digest) YQ== /etc/x", "600 tss:tss \(digest) YQ== a//b",
            "u+s tss:tss \(digest) YQ== x", "600 tss:tss short YQ== x", "600 tss:tss \(digest) ! x",
            "600 tss:tss \(digest) YQ== a b",
        ] {
            #expect(StateTransfer.pieces(bad) == nil, "\(bad)")
        }
    }
}

/// The scripts themselves, under every shell that hosts have, over real files.
@Suite struct DiskScriptTests {
    static let shells = [["dash"], ["bash"], ["busybox", "ash"]]

    private static func run(
        _ name: String, _ shell: [String], _ variables: [String: String], _ words: [String], in root: String
    ) throws -> (output: String, code: Int32) {
        let assignments = variables.map { "\($0)='\($1)'\n" }.joined()
        let script = try String(
            contentsOfFile: Checkout.root + "/Sources/Fleet/Shell/\(name)", encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = shell + ["-c", assignments + script, "script"] + words
        process.currentDirectoryURL = URL(fileURLWithPath: root)
        // No pipe: what the script leaves running for a while would hold its end.
        let said = "\(root)/said"
        FileManager.default.createFile(atPath: said, contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: said)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return (try String(contentsOfFile: said, encoding: .utf8), process.terminationStatus)
    }

    private static func inScratch(_ body: (String) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("disks it's \(UUID().uuidString)").path
        for folder in ["here", "there", "shared"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(atPath: root) }
        try body(root)
    }

    @Test(arguments: shells) func looks(_ shell: [String]) throws {
        try Self.inScratch { root in
            FileManager.default.createFile(atPath: "\(root)/shared/a", contents: Data(count: 5000))
            FileManager.default.createFile(atPath: "\(root)/here/b", contents: Data("b".utf8))
            try FileManager.default.createSymbolicLink(atPath: "\(root)/link", withDestinationPath: "\(root)/shared")
            let places = ["\(root)/link/a", "\(root)/here/b", "/proc/version", "\(root)/none/c"].flatMap { [$0, "-"] }
            let here = try Self.run(
                "disk-look.sh", shell, ["token": "t", "ours": "s", "theirs": "", "lifetime": "0"], places, in: root)
            #expect(here.code == 0)
            let looks = FileLook.read(here.output, paths: 4)
            #expect(looks[0].real == "\(root)/shared/a" && looks[0].hasWrittenToken && looks[0].size == 5000)
            #expect(looks[0].free ?? 0 > 0 && !looks[0].mount.isEmpty && looks[1].hasWrittenToken)
            #expect(looks[2].tokenProblem != nil && looks[2].kind == .file)
            #expect(looks[3].kind == nil && !looks[3].isFolderThere)

            // Another host, which has the one directory under another name, and the other not.
            let there = try Self.run(
                "disk-look.sh", shell, ["token": "t", "ours": "", "theirs": "s", "lifetime": "0"],
                ["\(root)/shared/a", "-", "\(root)/there/b", "-"], in: root)
            let seen = FileLook.read(there.output, paths: 2)
            #expect(seen[0].seesToken && !seen[1].seesToken && seen[1].isFolderThere)
            #expect(SharednessProof(here: looks[0], there: seen[0]) == .shared)
            #expect(SharednessProof(here: looks[1], there: seen[1]) == .apart)
            try FileManager.default.removeItem(atPath: "\(root)/shared/.drover-token-t-s")
            try FileManager.default.removeItem(atPath: "\(root)/here/.drover-token-t-s")
        }
    }

    @Test(arguments: shells) func claimsAllOrNothing(_ shell: [String]) throws {
        try Self.inScratch { root in
            try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(root)/here/taken"))
            let refused = try Self.run(
                "disk-claim.sh", shell, ["files": "2"], ["\(root)/here/a", "\(root)/here/taken", "\(root)/here/d/e"],
                in: root)
            #expect(refused.code == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(root)/here") == ["taken"])
            #expect(try String(contentsOfFile: "\(root)/here/taken", encoding: .utf8) == "mine")
            let claimed = try Self.run(
                "disk-claim.sh", shell, ["files": "1"], ["\(root)/here/a b", "\(root)/here/d/e"], in: root)
            #expect(claimed.code == 0)
            var isFolder: ObjCBool = false
            #expect(FileManager.default.fileExists(atPath: "\(root)/here/d/e", isDirectory: &isFolder))
            #expect(isFolder.boolValue && FileManager.default.fileExists(atPath: "\(root)/here/a b"))
        }
    }

    @Test(arguments: shells) func carriesStates(_ shell: [String]) throws {
        try Self.inScratch { root in
            try FileManager.default.createDirectory(
                atPath: "\(root)/here/state/tpm2", withIntermediateDirectories: true)
            let content = Data((0..<9000).map { UInt8($0 % 251) })
            try content.write(to: URL(fileURLWithPath: "\(root)/here/state/tpm2/all"))
            FileManager.default.createFile(atPath: "\(root)/here/state/tpm2/.lock", contents: Data())
            let read = try Self.run("state-read.sh", shell, ["root": "here/state"], [], in: root)
            let pieces = try #require(StateTransfer.pieces(read.output))
            let piece = try #require(pieces.first)
            #expect(pieces.count == 1 && piece.name == "tpm2/all")
            try Data(piece.content).write(to: URL(fileURLWithPath: "\(root)/piece"))
            try FileManager.default.createDirectory(atPath: "\(root)/there/state", withIntermediateDirectories: true)
            var words = [
                "root": "there/state", "path": "there/state/tpm2/all", "mode": piece.mode, "owner": piece.owner,
                "digest": piece.digest,
            ]
            #expect(try Self.run("state-write.sh", shell, words, [], in: root).code == 0)
            #expect(FileManager.default.contents(atPath: "\(root)/there/state/tpm2/all") == content)
            try Data(piece.content).write(to: URL(fileURLWithPath: "\(root)/piece"))
            words["digest"] = String(repeating: "0", count: 64)
            #expect(try Self.run("state-write.sh", shell, words, [], in: root).code != 0)
        }
    }
}
