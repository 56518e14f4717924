/// Told in words what goes on, for people to read.
package typealias LabProgress = @Sendable (String) -> Void

/// Bare Debian hosts on one machine, made of namespaces: each with systemd as first process, a real sshd, and an
/// address that it asks for itself. Several labs stand side by side under different names.
///
/// Nothing of a lab outlives its processes but files: its mounts and network are in namespaces of their own.
package struct Lab: Sendable {
    package let name: String
    let folders: LabFolders

    /// Names a lab, which need not be there.
    package init(name: String = "lab") throws(LabError) {
        self.name = try LabDefinition(name: name, hosts: 1).name
        self.folders = LabFolders(name: name)
    }

    var power: HostPower { HostPower(folders: folders) }
    /// Its shared disks, where it has any.
    package var san: SAN { SAN(lab: self) }
    var network: LabSwitch { LabSwitch(folders: folders) }

    /// What the lab was made with; nil when there is none of this name.
    func record() -> LabRecord? {
        Disk.read(folders.definition).flatMap { LabRecord(name: name, text: $0) }
    }

    /// The same, or the error that says there is no such lab.
    func existing() throws(LabError) -> LabRecord {
        try Prerequisites.checkRoot()
        if let record = record() { return record }
        throw LabError(.unknown, "there is no lab \"\(name)\"", hint: "make it with: drover lab up --name \(name)")
    }

    /// One host of the lab by name.
    func host(_ wanted: String, in record: LabRecord) throws(LabError) -> LabHost {
        if let host = record.definition.hosts.first(where: { $0.name == wanted }) { return host }
        let names = record.definition.hosts.map(\.name).joined(separator: ", ")
        throw LabError(.unknown, "the lab \"\(name)\" has no host \"\(wanted)\"", detail: "its hosts are \(names)")
    }

    /// A host that is on.
    func running(_ wanted: String) throws(LabError) -> (host: LabHost, container: ProcessIdentity) {
        let host = try host(wanted, in: existing())
        if let container = power.container(host) { return (host, container) }
        throw LabError(
            .down, "host \"\(wanted)\" is off", hint: "switch it on with: drover lab power \(wanted) on --name \(name)")
    }

    /// The process that keeps the lab's network.
    func controller() throws(LabError) -> ProcessIdentity {
        if let controller = network.controller { return controller }
        throw LabError(
            .down, "the lab \"\(name)\" is not up", hint: "start it again with: drover lab up --name \(name)")
    }

    /// Keeps other commands from changing the lab until the result is let go of.
    func lock(progress: LabProgress) async throws(LabError) -> FileLock {
        try Disk.makeFolder(LabFolders.allRuntime, mode: 0o700)
        return try await FileLock.take(folders.lock) { progress("waiting for another command on the lab \"\(name)\"") }
    }
}
