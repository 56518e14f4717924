internal import Subprocess
internal import Values

/// The first-boot configuration of a VM as cloud-init's NoCloud reads it: an ISO labelled `cidata`, made by xorriso.
struct SeedImage {
    var instance: String
    var hostName: String
    var sshKeys: [String] = []
    /// `user-data` as the user wrote it; the keys then are his affair.
    var userData: String?
    var networkConfig: String?

    /// Writes the ISO.
    /// - Parameter folder: a private directory for the pieces; it is removed again.
    static func write(_ pieces: [(name: String, text: String)], to path: String, workingIn folder: String) async throws
    {
        try DiskPath.makeDirectory(folder, mode: 0o700)
        defer {
            for (name, _) in pieces { DiskPath.remove(DiskPath.join(folder, name)) }
            DiskPath.removeDirectory(folder)
        }
        for (name, text) in pieces {
            try DiskFile.write(Array(text.utf8), to: DiskPath.join(folder, name), mode: 0o600)
        }
        let result: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
        do {
            result = try await run(
                .name("xorriso"),
                arguments: [
                    "-as", "mkisofs", "-quiet", "-volid", "cidata", "-joliet", "-rational-rock", "-output", path,
                    folder,
                ],
                output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        } catch {
            throw Diagnostic.error(
                "cannot make the first-boot image: xorriso did not start", detail: "\(error)",
                hint: "install the package xorriso on this machine")
        }
        // Whoever interrupts this also ends xorriso: that is no failure of its own.
        try Task.checkCancellation()
        guard result.terminationStatus.isSuccess else {
            throw Diagnostic.error(
                "cannot make the first-boot image: xorriso failed", detail: result.standardError)
        }
    }

    init(instance: String, hostName: String, sshKeys: [String] = []) {
        self.instance = instance
        self.hostName = hostName
        self.sshKeys = sshKeys
    }

    init(instance: String, spec: MachineSpec) {
        self.init(instance: instance, hostName: spec.name, sshKeys: spec.sshKeys)
        userData = spec.userData
        networkConfig = spec.networkConfig
    }

    /// The files of the seed.
    var pieces: [(name: String, text: String)] {
        let meta = YAML.write(["instance-id": Value(instance), "local-hostname": Value(hostName)])
        var files = [("meta-data", meta), ("user-data", userData ?? standardUserData)]
        if let networkConfig { files.append(("network-config", networkConfig)) }
        return files
    }

    private var standardUserData: String {
        var data: Mapping = Mapping([("hostname", Value(hostName)), ("preserve_hostname", false)])
        if !sshKeys.isEmpty { data["ssh_authorized_keys"] = Value(sshKeys.map { Value($0) }) }
        return "#cloud-config\n" + YAML.write(Value(data))
    }
}
