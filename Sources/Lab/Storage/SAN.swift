/// Disks that all hosts of a lab can use: files of one more host, exported over iSCSI.
package struct SAN: Sendable {
    /// One disk of it.
    package struct Disk: Sendable, Hashable {
        /// Its logical unit; in a pool of type `iscsi-direct` the volume `unit:0:0:UNIT`.
        package var unit: Int
        package var name: String
        /// In bytes.
        package var size: UInt64
    }

    /// What initiators log in to; its portal is the host's address.
    package static let target = "iqn.2026-01.lan.drover:san"

    let lab: Lab

    /// Exports what is there. Does nothing where it is exported already.
    func start() async throws(LabError) { try await run(["start"]) }

    /// Makes a disk.
    /// - Parameters:
    ///   - size: in bytes, where there is no image.
    ///   - image: path of a qcow2 image whose bytes it gets.
    /// - Returns: its logical unit.
    package func add(_ name: String, size: UInt64, image: String?) async throws(LabError) -> Int {
        guard LabDefinition.isName(name) else {
            throw LabError(
                .invalid, "\"\(name)\" cannot name a disk",
                hint: "use at most 24 lower-case letters, digits and inner hyphens")
        }
        let answer = try await run(["add", name, image == nil ? String(size) : "-"], input: image)
        guard let unit = answer.split(separator: "\n").last.flatMap({ Int($0) }) else {
            throw LabError(.tool, "the lab's SAN did not say the disk's unit", detail: answer)
        }
        return unit
    }

    package func remove(_ name: String) async throws(LabError) { try await run(["remove", name]) }

    package func list() async throws(LabError) -> [Disk] {
        try await run(["list"]).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 3, let unit = Int(words[0]), let size = UInt64(words[2]) else { return nil }
            return Disk(unit: unit, name: String(words[1]), size: size)
        }
    }

    /// Runs its script on its host, with a file as standard input.
    @discardableResult
    private func run(_ words: [String], input: String? = nil) async throws(LabError) -> String {
        let definition = try lab.existing().definition
        guard definition.hasSAN else {
            throw LabError(
                .unknown, "the lab \"\(lab.name)\" has no SAN", hint: "add it: drover lab up --san --name \(lab.name)")
        }
        let script = String(decoding: PackageResources.san_sh, as: UTF8.self)
        let given = ([Self.target] + words).map { "'\($0)'" }.joined(separator: " ")
        let enter = try lab.shellCommand(LabHost.san.name, ["set -- \(given)\n\(script)"])
        let outcome = try await Tool.attempt(["sh", "-c", "exec \"$@\" < \"$0\"", input ?? "/dev/null"] + enter)
        guard outcome.succeeded else {
            throw LabError(.tool, "the lab's SAN did not do it", detail: outcome.problem)
        }
        return outcome.output
    }
}
